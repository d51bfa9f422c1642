// Hints between nodes, over a connection of their own: new work to as many idle nodes as there are tasks, a cancel to the
// node that runs the task, timers and the outbox to everybody. A hint may get lost; heartbeats and slow polls are the net.
import type { CanceledLease, Signal } from '../../ports/task-store.ts';
import { Reader } from './bytes.ts';
import type { Connection } from './connection.ts';
import { ID_BYTES, readId } from './ids.ts';
import type { Link } from './link.ts';

export interface Channels {
  readonly everybody: string;
  /** Followed by the id of the node. */
  readonly node: string;
}

export class Signals {
  readonly #channels: Channels;
  readonly #listeners = new Set<(signal: Signal) => void>();
  /** Nodes that act through this store. */
  readonly #nodes = new Set<string>();
  #connection: Connection | null = null;

  constructor(channels: Channels) {
    this.#channels = channels;
  }

  /** The connection that carries them; it calls `subscribeAll` whenever it comes up. */
  set connection(connection: Connection) {
    this.#connection = connection;
  }

  listen(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async subscribeAll(link: Link): Promise<void> {
    await link.subscribe(this.#channels.everybody, (message) => this.#heardByAll(message));
    for (const node of this.#nodes) await this.#subscribe(link, node);
  }

  /** From now on hears what is meant for this node. Resolves when the server knows, or at once when it is away. */
  async follow(node: string): Promise<void> {
    if (this.#nodes.has(node)) return;
    this.#nodes.add(node);
    const link = this.#connection?.link;
    // A connection that comes up later subscribes to all of them.
    if (link) await this.#subscribe(link, node).catch(() => undefined);
  }

  /** What a step of this store itself has made possible. */
  work(types: readonly string[]): void {
    if (types.length > 0) queueMicrotask(() => this.#emit({ kind: 'work', types }));
  }

  #subscribe(link: Link, node: string): Promise<void> {
    return link.subscribe(this.#channels.node + node, (message) => this.#heardByNode(node, message));
  }

  #heardByAll(message: Buffer): void {
    const content = message.toString('latin1');
    if (content === 'o') this.#emit({ kind: 'outbox' });
    else if (content.startsWith('t')) this.#emit({ kind: 'timer', inMs: Number(content.slice(1)) });
  }

  #heardByNode(nodeId: string, message: Buffer): void {
    const content = message.subarray(1);
    if (message[0] === WORK) this.#emit({ kind: 'work', types: [content.toString('utf8')] });
    if (message[0] !== CANCEL) return;
    const leases: CanceledLease[] = [];
    for (const from = new Reader(content); !from.isAtEnd; ) {
      const id = readId(content, from.at);
      from.skip(ID_BYTES);
      const token = from.double();
      const reason = from.text(2);
      leases.push({ id, token, ...(reason === '' ? {} : { reason }) });
    }
    this.#emit({ kind: 'cancel', nodeId, leases });
  }

  #emit(signal: Signal): void {
    for (const listener of this.#listeners) listener(signal);
  }
}

const WORK = 'w'.charCodeAt(0);
const CANCEL = 'c'.charCodeAt(0);

// The pool's side of the lease keeper's thread. Should the thread die, the keeper goes on beside the pool: leases are
// then kept as long as handlers do not block the event loop, which is better than not at all.
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { HeartbeatReply, HeartbeatRequest } from '../ports/task-store.ts';
import {
  type HeldLease,
  type KeeperFactory,
  type KeeperHooks,
  type KeeperNews,
  type LeaseKeeping,
  localLeaseKeeper,
} from './lease-keeper.ts';
import { type FromKeeper, type KeeperConnector, lookAgainMs, type ToKeeper } from './lease-keeper-messages.ts';
import { LeasePage, type PageEntry } from './lease-page.ts';

export interface ThreadKeeperOptions {
  readonly nodeId: string;
  readonly connector: KeeperConnector;
  /** URL of a module that exports `systemClock`. */
  readonly clockModule: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Used when the thread cannot be started or has died. */
  readonly heartbeat: (request: HeartbeatRequest) => Promise<HeartbeatReply[]>;
}

export function threadLeaseKeeper(options: ThreadKeeperOptions): KeeperFactory {
  return (hooks) => new ThreadKeeper(options, hooks);
}

class ThreadKeeper implements LeaseKeeping {
  readonly #options: ThreadKeeperOptions;
  readonly #hooks: KeeperHooks;
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #local: KeeperFactory;
  #fallback: LeaseKeeping | null = null;
  #askedAt = 0;
  /** The thread's clock minus ours lies between these; each way uses the one that lets a lease end earlier. */
  #shiftMsMin = 0;
  #shiftMsMax = 0;
  #closed = false;
  #page: LeasePage | null = null;
  /** When the thread was last told to look at the page. */
  #rangAt = Number.NEGATIVE_INFINITY;
  #becomeReady: () => void = () => undefined;
  readonly ready: Promise<void>;

  constructor(options: ThreadKeeperOptions, hooks: KeeperHooks) {
    const { nodeId, connector, clockModule, intervalMs, clock, log, heartbeat } = options;
    this.#options = options;
    this.#hooks = hooks;
    this.#local = localLeaseKeeper({
      nodeId,
      heartbeat,
      clock,
      intervalMs,
      onFault: (error) => log.warn('Leases could not be renewed, trying again', { error }),
    });
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromKeeper) => this.#hear(message));
    const { module, data, transferList = [] } = connector;
    this.#thread = new Worker(new URL(`./lease-keeper-thread${extension()}`, import.meta.url), {
      name: 'xqueue-leases',
      workerData: { port: port2, connector: { module, data }, clockModule, nodeId, intervalMs },
      transferList: [port2, ...transferList],
    });
    this.#thread.on('error', (error) => this.#died(error));
    this.#thread.on('exit', () => this.#died(new Error('it ended')));
  }

  hold(leases: readonly HeldLease[]): void {
    if (this.#fallback) this.#fallback.hold(leases);
    else this.#write({ leases, dropped: [] });
  }

  drop(tokens: readonly number[]): void {
    if (this.#fallback) this.#fallback.drop(tokens);
    else this.#write({ leases: [], dropped: tokens });
  }

  catchUp(): void {
    for (;;) {
      const waiting = receiveMessageOnPort(this.#port);
      if (waiting === undefined) return;
      this.#hear(waiting.message as FromKeeper);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#port.close();
    await this.#thread.terminate();
    await this.#fallback?.close();
  }

  #write(entry: PageEntry): void {
    const { clock, intervalMs } = this.#options;
    const isWritten = this.#page?.write(entry, this.#shiftMsMin) ?? false;
    const now = clock.monotonic();
    if (isWritten && now - this.#rangAt < lookAgainMs(intervalMs) / 2) return;
    // Not later: the time from here to the second look must not be shorter than what is waited for.
    this.#rangAt = now;
    if (isWritten) return this.#say({ kind: 'look' });
    this.#page = LeasePage.beginWith(entry, this.#shiftMsMin);
    this.#say({ kind: 'page', memory: this.#page.memory });
  }

  #say(message: ToKeeper): void {
    this.#port.postMessage(message);
  }

  #hear(message: FromKeeper): void {
    switch (message.kind) {
      case 'ready':
        this.#askedAt = this.#options.clock.monotonic();
        return this.#say({ kind: 'what_time' });
      case 'time':
        this.#shiftMsMin = message.monotonic - this.#options.clock.monotonic();
        this.#shiftMsMax = message.monotonic - this.#askedAt;
        // From here on it must not keep the process alive by itself.
        this.#thread.unref();
        this.#port.unref();
        return this.#becomeReady();
      case 'news':
        return this.#hooks.onNews(shifted(message.news, -this.#shiftMsMax));
      case 'fault':
        return this.#options.log.warn('Leases could not be renewed, trying again', { error: message.message });
    }
  }

  #died(error: unknown): void {
    if (this.#closed || this.#fallback) return;
    this.#options.log.error('The thread that keeps leases died; they are kept in the main thread from now on', {
      error,
    });
    this.#fallback = this.#local(this.#hooks);
    this.#fallback.hold(this.#hooks.held());
    this.#becomeReady();
  }
}

function shifted({ renewed, canceled, lost }: KeeperNews, shiftMs: number): KeeperNews {
  const moved = renewed.map(({ token, leaseUntil }) => ({ token, leaseUntil: leaseUntil + shiftMs }));
  return { renewed: moved, canceled, lost };
}

/** This file runs as it is written and as it is built; the thread's entry has the same ending. */
function extension(): '.ts' | '.js' {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js';
}

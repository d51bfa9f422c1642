// A way to Redis that can be slow, lose answers, or fall silent, as networks do.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export class Proxy {
  readonly port: number;
  /** Each piece waits so long, in both directions; order is kept. */
  delayMs = 0;
  /** After so many answers on average one is lost, together with its connection; 0 = none. */
  loseOneIn = 0;
  /** How many answers were lost. */
  lost = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #silent: 'none' | 'both' | 'answers' = 'none';
  #heard: (() => void)[] = [];

  private constructor(server: Server, port: number, target: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (client) => this.#connect(client, target));
  }

  static async start(target: number): Promise<Proxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new Proxy(server, address.port, target);
  }

  /** Connections stay open and new ones are taken, but nothing comes through any more; or no answer does. */
  fallSilent(what: 'both' | 'answers' = 'both'): void {
    this.#silent = what;
  }

  /** What waited goes on, as far as its connection is still there. */
  speakAgain(): void {
    this.#silent = 'none';
    for (const go of this.#heard.splice(0)) go();
  }

  /** Ends every connection; new ones are taken. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.speakAgain();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #connect(client: Socket, target: number): void {
    const server = connect(target, '127.0.0.1');
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    this.#carry(client, server, 'both', () => 'pass');
    this.#carry(server, client, 'answers', () => this.#fate(end));
  }

  #carry(from: Socket, to: Socket, kind: 'both' | 'answers', fate: () => 'pass' | 'lose'): void {
    let before: Promise<void> = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      const due = this.delayMs > 0 ? sleep(this.delayMs) : null;
      before = this.#pass(before, due, kind, () => {
        if (!to.destroyed && fate() === 'pass') to.write(piece);
      });
    });
  }

  async #pass(
    before: Promise<void>,
    due: Promise<void> | null,
    kind: 'both' | 'answers',
    write: () => void,
  ): Promise<void> {
    await before;
    await due;
    if (this.#silent === 'both' || this.#silent === kind)
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    write();
  }

  #fate(end: () => void): 'pass' | 'lose' {
    if (this.loseOneIn === 0 || Math.random() * this.loseOneIn >= 1) return 'pass';
    this.lost += 1;
    end();
    return 'lose';
  }
}

// A TCP proxy before a Redis server that can lose the reply of a script: the server has done the work, the caller is
// left with a broken connection.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class LossyProxy {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #loss: { left: number; lost: number };

  private constructor(server: Server, port: number, sockets: Set<Socket>, loss: { left: number; lost: number }) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
    this.#loss = loss;
  }

  static async before(target: { readonly host: string; readonly port: number }): Promise<LossyProxy> {
    const sockets = new Set<Socket>();
    const loss = { left: 0, lost: 0 };
    const server = createServer((client) => {
      const upstream = connect(target.port, target.host);
      let isScript = false;
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.on('data', (chunk: Buffer) => {
        isScript = chunk.includes('EVALSHA') || chunk.includes('FCALL');
        upstream.write(chunk);
      });
      upstream.on('data', (chunk: Buffer) => {
        if (isScript && loss.left > 0) {
          loss.left -= 1;
          loss.lost += 1;
          client.destroy();
        } else {
          client.write(chunk);
        }
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new LossyProxy(server, address.port, sockets, loss);
  }

  get addr(): { readonly host: string; readonly port: number } {
    return { host: this.host, port: this.port };
  }

  /** Replies lost so far. */
  get lost(): number {
    return this.#loss.lost;
  }

  /** Loses the reply of the next script. */
  loseOne(): void {
    this.#loss.left = 1;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

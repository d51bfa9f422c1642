// The TCP door of the embedded broker. A default port that is taken is no reason not to start; one that was set by hand is.
import { createServer, type Server, type Socket } from 'node:net';
import type { Wire } from './client-connection.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** `default`: nobody asked for this port in particular. `set`: somebody did. */
  readonly origin: 'default' | 'set';
}

/** The address of `mqtt.listen` cannot be used. The message says what to do; the process should end with exit code 4. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly setting = 'mqtt.listen';
}

/** So many ports after the default one are tried before the system is asked for any. */
const NEXT_PORTS = 20;
/** What a client does not take of the last bytes within this time is thrown away. */
const LINGER_MS = 1_000;
/** Finds peers that vanished without a word, also those that asked for no MQTT keepalive. */
const TCP_KEEPALIVE_MS = 60_000;

export interface TcpListener {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** @param connectionsMax further ones are closed at once. Throws `ListenError`. */
export async function listenTcp(
  address: ListenAddress,
  connectionsMax: number,
  onSocket: (socket: Socket) => void,
  onRefused: () => void,
): Promise<TcpListener> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS }, onSocket);
  server.maxConnections = connectionsMax;
  server.on('drop', onRefused);
  const port = await bind(server, address);
  return {
    host: address.host,
    port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export function tcpWire(socket: Socket): Wire {
  return {
    write: (data, done) => {
      if (socket.write(data)) done();
      else socket.once('drain', () => done());
    },
    end: () => {
      // Closing a socket while the other side still sends makes the system throw away what that side has not read yet.
      // So we only say that we are done, and go on reading until it is done too.
      socket.end();
      socket.resume();
      const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
      socket.once('close', () => clearTimeout(cut));
    },
    destroy: () => socket.destroy(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}

async function bind(server: Server, { host, port, origin }: ListenAddress): Promise<number> {
  const ports = origin === 'set' ? [port] : [port, ...nextPorts(port), 0];
  let last: NodeJS.ErrnoException | null = null;
  for (const candidate of ports) {
    last = await tryPort(server, host, candidate);
    if (last === null) return boundPort(server);
    if (last.code !== 'EADDRINUSE') break;
  }
  throw new ListenError(`mqtt.listen: cannot listen on ${host}:${port}, ${explain(last)}`, { cause: last });
}

function nextPorts(port: number): number[] {
  return Array.from({ length: NEXT_PORTS }, (_, index) => port + 1 + index).filter((next) => next <= 65_535);
}

/** `null`: bound. */
function tryPort(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      resolve(null);
    });
  });
}

function boundPort(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function explain(error: NodeJS.ErrnoException | null): string {
  switch (error?.code) {
    case 'EADDRINUSE':
      return 'another program uses this port. Stop it, choose another port, or switch the listener off with mqtt.listen: ""';
    case 'EACCES':
      return 'this user may not use this port. Choose one above 1023';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine does not have that address';
    default:
      return error?.message ?? 'for an unknown reason';
  }
}

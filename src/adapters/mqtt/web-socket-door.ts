// MQTT over WebSocket on the HTTP port: takes upgrades of `/mqtt` with the subprotocol `mqtt` and hands the byte stream on.
// What speaks MQTT at the other end, the embedded broker or a bridge to an external one, is not known here.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Wire } from './client-connection.ts';

export interface DoorOptions {
  /** Largest frame. */
  readonly frameBytesMax: number;
  /** A peer that answers no ping for this long is gone. */
  readonly pingMs: number;
  readonly clientsMax: number;
  /**
   * `same_site`: pages of other sites are turned away. A browser lets any page open a WebSocket to this machine; without
   * API keys nothing else would keep a foreign page from watching. `any`: there are keys, and pages have no way to them.
   */
  readonly origins: 'same_site' | 'any';
  readonly clock: Clock;
  readonly onRefused: () => void;
  readonly onOversized: () => void;
  readonly onMalformed: () => void;
}

/** What a connection does with its bytes. */
export interface Receiver {
  data(chunk: Buffer): void;
  closed(): void;
}

const PATH = '/mqtt';
const SUBPROTOCOL = 'mqtt';
/** RFC 6455 status codes. */
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;
/** How long a peer has to answer the close before it is cut. */
const CLOSE_MS = 2_000;

export class WebSocketDoor {
  readonly #options: DoorOptions;
  readonly #connect: (wire: Wire) => Receiver;
  readonly #server: WebSocketServer;
  #closed = false;

  constructor(options: DoorOptions, connect: (wire: Wire) => Receiver) {
    this.#options = options;
    this.#connect = connect;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: options.frameBytesMax,
      perMessageDeflate: false,
      handleProtocols: () => SUBPROTOCOL,
    });
  }

  get clients(): number {
    return this.#server.clients.size;
  }

  /** For the HTTP server's `upgrade` event. False: not ours, nothing was done with the socket. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (pathOf(request) !== PATH) return false;
    const refusal = this.#refusalOf(request);
    if (refusal) {
      this.#options.onRefused();
      refuse(socket, refusal);
    } else {
      this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket));
    }
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const webSocket of this.#server.clients) this.#closing(webSocket, GOING_AWAY);
    await Promise.all([...this.#server.clients].map(whenClosed));
  }

  #refusalOf(request: IncomingMessage): string | null {
    const { clientsMax, origins } = this.#options;
    if (this.#closed) return '503 Service Unavailable';
    if (!offers(request, SUBPROTOCOL)) return '400 Bad Request';
    if (origins === 'same_site' && !isSameSite(request)) return '403 Forbidden';
    if (this.#server.clients.size >= clientsMax) return '503 Service Unavailable';
    return null;
  }

  #accept(webSocket: WebSocket): void {
    const receiver = this.#connect(this.#wire(webSocket));
    const watch = new Watch(webSocket, this.#options);
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      watch.sign();
      // [MQTT-6.0.0-1]: MQTT travels in binary frames only.
      if (isBinary) receiver.data(asBuffer(data));
      else {
        this.#options.onMalformed();
        this.#closing(webSocket, UNSUPPORTED_DATA);
      }
    });
    webSocket.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.#options.onOversized();
      else if (error.code?.startsWith('WS_ERR')) this.#options.onMalformed();
    });
    webSocket.on('close', () => {
      watch.stop();
      receiver.closed();
    });
  }

  #wire(webSocket: WebSocket): Wire {
    return {
      write: (data, done) => webSocket.send(data, { binary: true }, done),
      end: () => this.#closing(webSocket, 1000),
      destroy: () => webSocket.terminate(),
      pause: () => webSocket.pause(),
      resume: () => webSocket.resume(),
    };
  }

  #closing(webSocket: WebSocket, code: number): void {
    if (webSocket.readyState === webSocket.CLOSED) return;
    // A paused socket never sees the answer to its close.
    webSocket.resume();
    webSocket.close(code);
    const cut = this.#options.clock.after(CLOSE_MS, () => webSocket.terminate());
    webSocket.once('close', () => cut.cancel());
  }
}

/** Ends a connection that shows no sign of life between two pings. */
class Watch {
  #alive = true;
  #timer: Timer | null = null;
  readonly #webSocket: WebSocket;
  readonly #options: Pick<DoorOptions, 'clock' | 'pingMs'>;

  constructor(webSocket: WebSocket, options: Pick<DoorOptions, 'clock' | 'pingMs'>) {
    this.#webSocket = webSocket;
    this.#options = options;
    webSocket.on('pong', () => this.sign());
    this.#arm();
  }

  sign(): void {
    this.#alive = true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(this.#options.pingMs, () => {
      if (!this.#alive) return this.#webSocket.terminate();
      this.#alive = false;
      if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
      this.#arm();
    });
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

function offers(request: IncomingMessage, protocol: string): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((one) => one.trim() === protocol);
}

/** No origin: not a browser. A page of this very server, or one served on this machine (a developer's), may connect. */
function isSameSite({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true;
  if (!URL.canParse(headers.origin)) return false;
  const { host, hostname } = new URL(headers.origin);
  return host === headers.host || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

function whenClosed(webSocket: WebSocket): Promise<void> {
  if (webSocket.readyState === webSocket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => {
    webSocket.once('close', () => resolve());
  });
}

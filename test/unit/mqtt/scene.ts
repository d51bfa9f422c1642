// What the tests of this folder share: a broker on a free port, clients of it, and sockets that send what they should not.
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { EmbeddedBroker, type EmbeddedBrokerOptions } from '../../../src/adapters/mqtt/embedded-broker.ts';
import type { WebSocketDoor } from '../../../src/adapters/mqtt/web-socket-door.ts';
import { SILENT } from '../../../src/ports/logger.ts';

export const BASES = ['task/status', 'task/progress'];

export const anyone = (): boolean => true;

export async function startBroker(
  t: TestContext,
  over: Partial<EmbeddedBrokerOptions> = {},
): Promise<{ broker: EmbeddedBroker; url: string; port: number }> {
  const broker = await EmbeddedBroker.start({
    listen: { host: '127.0.0.1', port: 0, origin: 'default' },
    bases: BASES,
    qos: 1,
    mayRead: anyone,
    access: 'open',
    clock: systemClock,
    logger: SILENT,
    ...over,
  });
  t.after(() => broker.close());
  const port = broker.address?.port ?? 0;
  return { broker, port, url: `mqtt://127.0.0.1:${port}` };
}

/** An HTTP server whose upgrades go to the door, as the real one does; what the door does not take is cut. */
export async function serveUpgrades(t: TestContext, door: Pick<WebSocketDoor, 'handleUpgrade'>): Promise<string> {
  const server: Server = createServer((_request, response) => response.end('not MQTT'));
  server.on('upgrade', (request, socket, head) => {
    if (!door.handleUpgrade(request, socket, head)) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export class Subscriber {
  readonly received: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly client: MqttClient;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('error', () => {});
    client.on('message', (topic, payload) => {
      this.received.push(`${topic} ${payload.toString()}`);
      for (const look of this.#waiting) look();
    });
  }

  /** Connects without reconnecting; ends with the test. */
  static async connect(t: TestContext, url: string, options: IClientOptions = {}): Promise<Subscriber> {
    const client = await connectAsync(url, { reconnectPeriod: 0, ...options });
    t.after(() => client.end(true));
    return new Subscriber(client);
  }

  /** The QoS granted for each filter; 128 = refused. */
  async subscribe(filters: string | string[], qos: 0 | 1 | 2 = 1): Promise<number[]> {
    const subscriptions = [filters].flat().map((filter) => [filter, { qos }] as const);
    return new Promise((resolve, reject) => {
      this.client.subscribe(Object.fromEntries(subscriptions), (error, _asked, packet) => {
        const granted = packet?.granted.map(Number);
        if (granted) resolve(granted);
        else reject(error ?? new Error('no SUBACK'));
      });
    });
  }

  /** Resolves when `count` messages have come. */
  async gets(count: number): Promise<string[]> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.received.length < count) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
    return this.received;
  }

  /** Resolves when the connection has ended. */
  async cut(): Promise<void> {
    if (this.client.disconnected || !this.client.connected) return;
    await new Promise<void>((resolve) => this.client.once('close', () => resolve()));
  }
}

/** A socket that writes what it is told to. */
export class RawClient {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  #got: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#got = Buffer.concat([this.#got, chunk]);
    });
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async connect(t: TestContext, port: number): Promise<RawClient> {
    const socket = connectTcp({ host: '127.0.0.1', port });
    t.after(() => socket.destroy());
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  get got(): Buffer {
    return this.#got;
  }

  send(...bytes: readonly (number[] | Buffer | string)[]): void {
    this.socket.write(Buffer.concat(bytes.map((part) => Buffer.from(part as Buffer))));
  }
}

/** A CONNECT of MQTT 3.1.1 with a clean session. */
export function connectPacket(clientId: string): Buffer {
  const id = Buffer.from(clientId);
  const body = [0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, id.length >> 8, id.length & 255, ...id];
  return Buffer.from([0x10, body.length, ...body]);
}

/** Polls until it holds; fails the test after five seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Still not so after 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

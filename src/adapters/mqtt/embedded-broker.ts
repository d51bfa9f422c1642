// The MQTT broker inside the process (aedes): TCP and WebSocket, MQTT 3.1.1. Clients may only subscribe, and only to what
// the server publishes. Whatever a client sends costs at most its own connection; every refusal is counted.
import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type Client, type ConnectPacket, type Subscription } from 'aedes';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Publisher, PushMessage } from '../../ports/publisher.ts';
import { BROKER_LIMITS, type BrokerLimits, noRefusals, type RefusalCounts } from './broker-limits.ts';
import { ClientConnection, type Wire } from './client-connection.ts';
import { SessionStore } from './session-store.ts';
import { type ListenAddress, listenTcp, type TcpListener, tcpWire } from './tcp-listener.ts';
import { TopicBus } from './topic-bus.ts';
import { canMatchBelow } from './topic-rules.ts';
import { type Receiver, WebSocketDoor } from './web-socket-door.ts';

export interface EmbeddedBrokerOptions {
  /** `null` = WebSocket only. */
  readonly listen: ListenAddress | null;
  /** The bases below which messages are published: `task/status`, `task/progress`. */
  readonly bases: readonly string[];
  /** Of what is published; a subscription's own QoS caps it. */
  readonly qos: 0 | 1 | 2;
  /** The one permission check, with the MQTT password as API key; `null` = the client gave none. */
  readonly mayRead: (apiKey: string | null) => boolean | Promise<boolean>;
  /** Without keys, pages of foreign sites are kept out by their origin (see `DoorOptions.origins`). */
  readonly access: 'open' | 'keys';
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<BrokerLimits>;
}

export interface BrokerStats {
  readonly clients: number;
  readonly subscriptions: number;
  /** Sessions kept for clients that connect without a clean session. */
  readonly sessions: number;
  /** Messages that somebody had subscribed to. */
  readonly published: number;
  /** Messages that did not fit into the session of a client that was away. */
  readonly sessionDrops: number;
  readonly refused: Readonly<RefusalCounts>;
}

/** CONNACK return codes of MQTT 3.1.1. */
const SERVER_UNAVAILABLE = 3;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;

const TOPIC_LEVELS_MAX = 32;
const SESSION_SWEEP_MS = 60_000;
/** At the end, how long clients get to take what was already published. */
const LAST_BYTES_MS = 1_000;

export class EmbeddedBroker implements Publisher {
  readonly #options: EmbeddedBrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #bus = new TopicBus();
  readonly #sessions: SessionStore;
  readonly #aedes: Aedes;
  readonly #door: WebSocketDoor;
  readonly #refused = noRefusals();
  readonly #connections = new Set<ClientConnection>();
  readonly #filters = new WeakMap<Client, Set<string>>();
  readonly #slow = new WeakSet<Client>();
  #tcp: TcpListener | null = null;
  #sweep: Timer | null = null;
  #published = 0;
  #state: 'open' | 'closed' = 'open';

  /** Listens before it returns. Throws `ListenError` when the address of `mqtt.listen` cannot be used. */
  static async start(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
    const broker = new EmbeddedBroker(options);
    await broker.#start();
    return broker;
  }

  private constructor(options: EmbeddedBrokerOptions) {
    this.#options = options;
    this.#limits = { ...BROKER_LIMITS, ...options.limits };
    const { clock, access } = options;
    const refused = this.#refused;
    this.#sessions = new SessionStore({
      limits: this.#limits.sessions,
      monotonic: () => clock.monotonic(),
      accepts: (filter) => canMatchBelow(filter, options.bases),
    });
    this.#aedes = this.#makeAedes();
    this.#door = new WebSocketDoor(
      {
        frameBytesMax: this.#limits.packetBytesMax,
        pingMs: this.#limits.webSocketPingMs,
        clientsMax: this.#limits.clientsMax,
        origins: access === 'open' ? 'same_site' : 'any',
        clock,
        onRefused: () => refused.connections++,
        onOversized: () => refused.oversizedPackets++,
        onMalformed: () => refused.malformedPackets++,
      },
      (wire) => this.#connect(wire),
    );
  }

  /** Where TCP clients connect; the port may differ from the default one that was asked for. `null` = TCP is off. */
  get address(): { readonly host: string; readonly port: number } | null {
    return this.#tcp && { host: this.#tcp.host, port: this.#tcp.port };
  }

  /** For the HTTP server's `upgrade` event. False: not a request for `/mqtt`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#door.handleUpgrade(request, socket, head);
  }

  hasAudience(): boolean {
    return this.#bus.size > 0 || this.#sessions.subscriptions > 0;
  }

  /** Resolves when every subscriber's connection has taken them, or was cut off for not doing so. */
  async publish(messages: readonly PushMessage[]): Promise<void> {
    if (this.#state === 'closed') throw new Error('The embedded broker is closed');
    const wanted = messages.filter(({ topic }) => this.#bus.matches(topic) || this.#sessions.matches(topic));
    if (wanted.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      let left = wanted.length;
      const done = (error: Error | undefined): void => {
        if (error) reject(error);
        else if (--left === 0) resolve();
      };
      for (const message of wanted) this.#publishOne(message, done);
    });
  }

  health(): ReturnType<Publisher['health']> {
    const { clients } = this.stats();
    const where = this.address ? `tcp ${this.address.host}:${this.address.port} and /mqtt` : '/mqtt';
    return { status: this.#state === 'open' ? 'ok' : 'down', detail: `embedded broker, ${where}, ${clients} clients` };
  }

  stats(): BrokerStats {
    return {
      clients: this.#aedes.connectedClients,
      subscriptions: this.#bus.size,
      sessions: this.#sessions.size,
      published: this.#published,
      sessionDrops: this.#sessions.dropped,
      refused: { ...this.#refused },
    };
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#sweep?.cancel();
    const stopped = this.#tcp?.close();
    await this.#lastBytes();
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([stopped, this.#door.close()]);
  }

  async #start(): Promise<void> {
    const { listen, logger } = this.#options;
    await this.#aedes.listen();
    if (listen) {
      try {
        // Room for connections that have not said CONNECT yet; clients proper are counted when they do.
        const connectionsMax = this.#limits.clientsMax * 2;
        const refuse = (): number => this.#refused.connections++;
        this.#tcp = await listenTcp(listen, connectionsMax, (socket) => this.#acceptTcp(socket), refuse);
      } catch (error) {
        await this.close();
        throw error;
      }
      if (listen.port !== 0 && this.#tcp.port !== listen.port) {
        logger.warn(`MQTT port ${listen.port} is taken; the embedded broker listens on ${this.#tcp.port} instead`);
      }
    }
    this.#sweepSessions();
  }

  #publishOne({ topic, payload }: PushMessage, done: (error: Error | undefined) => void): void {
    this.#published++;
    this.#aedes.publish({ cmd: 'publish', topic, payload, qos: this.#options.qos, retain: false, dup: false }, done);
  }

  #makeAedes(): Aedes {
    const aedes = new Aedes({
      mq: this.#bus,
      persistence: this.#sessions,
      // Zero: no limit on listeners per connection; what is under way at once is bounded by the batches that come in.
      concurrency: 0,
      connectTimeout: this.#limits.connectMs,
      drainTimeout: this.#limits.catchUpMs,
      maxTopicLevels: TOPIC_LEVELS_MAX,
      preConnect: (_client, packet, done) => done(null, this.#admits(packet)),
      authenticate: (client, _username, password, done) => {
        const answer = async (): Promise<void> => {
          const refusal = await this.#refusalOf(client, password);
          done(refusal, refusal === null);
        };
        void answer();
      },
      authorizePublish: (_client, _packet, done) => {
        this.#refused.publishes++;
        // MQTT 3.1.1 section 3.3.5: the only way to tell a publisher that it may not is to close the connection.
        done(new Error('clients may only subscribe'));
      },
      authorizeSubscribe: (client, subscription, done) => done(null, this.#grant(client, subscription)),
    });
    aedes.on('clientError', (client, error) => this.#noteError(client, error));
    aedes.on('client', ({ id }) => this.#sessions.entered(id));
    aedes.on('clientDisconnect', ({ id }) => this.#sessions.left(id));
    aedes.on('unsubscribe', (filters, client) => {
      for (const filter of filters) this.#filters.get(client)?.delete(filter);
    });
    // Without a listener Node would end the process.
    const events: EventEmitter = aedes;
    events.on('error', (error: unknown) => {
      this.#options.logger.error('The embedded MQTT broker has a fault', { error });
    });
    return aedes;
  }

  #acceptTcp(socket: Socket): void {
    const receiver = this.#connect(tcpWire(socket));
    socket.on('data', (chunk: Buffer) => receiver.data(chunk));
    socket.on('close', () => receiver.closed());
    // A reset is followed by `close`; without a listener it would end the process.
    socket.on('error', () => {});
  }

  #connect(wire: Wire): Receiver {
    const connection = new ClientConnection({
      wire,
      packetBytesMax: this.#limits.packetBytesMax,
      unsentBytesMax: this.#limits.unsentBytesMax,
      onBadPacket: (verdict) => {
        if (verdict === 'too_large') this.#refused.oversizedPackets++;
        else this.#refused.malformedPackets++;
      },
    });
    this.#connections.add(connection);
    connection.on('close', () => this.#connections.delete(connection));
    this.#aedes.handle(connection);
    return {
      data: (chunk) => connection.feed(chunk),
      closed: () => connection.destroy(),
    };
  }

  /** A last will is a publish for later. It is dropped, not punished: many clients set one without being asked. */
  #admits(packet: ConnectPacket): boolean {
    if (packet.will) {
      this.#refused.publishes++;
      delete packet.will;
    }
    const fits = packet.clientId.length <= this.#limits.clientIdLengthMax;
    if (!fits) this.#refused.connections++;
    return fits;
  }

  async #refusalOf(client: Client, password: Readonly<Buffer> | undefined): Promise<Refusal | null> {
    const apiKey = password === undefined ? null : password.toString('utf8');
    try {
      if (!(await this.#options.mayRead(apiKey))) {
        this.#refused.credentials++;
        return new Refusal(apiKey === null ? NOT_AUTHORIZED : BAD_CREDENTIALS, 'the API key is missing or not valid');
      }
    } catch (error) {
      // A fault in the check itself must not let anybody in, nor end the process.
      this.#options.logger.error('The permission check of an MQTT client failed', { error });
      return new Refusal(SERVER_UNAVAILABLE, 'the permission check failed');
    }
    if (this.#aedes.connectedClients >= this.#limits.clientsMax) {
      this.#refused.connections++;
      return new Refusal(SERVER_UNAVAILABLE, 'too many clients');
    }
    this.#filters.set(client, new Set());
    return null;
  }

  /** `null` is answered with 0x80 for this filter; the others of the same packet are not touched. */
  #grant(client: Client, subscription: Subscription): Subscription | null {
    const filters = this.#filters.get(client);
    const { topic } = subscription;
    const room = filters?.has(topic) || (filters?.size ?? 0) < this.#limits.subscriptionsPerClientMax;
    if (filters && room && canMatchBelow(topic, this.#options.bases)) {
      filters.add(topic);
      return subscription;
    }
    this.#refused.subscriptions++;
    return null;
  }

  /** Aedes says it once for each write that was waiting. */
  #noteError(client: Client, { message }: Error): void {
    if (message !== 'drain timeout' || this.#slow.has(client)) return;
    this.#slow.add(client);
    this.#refused.slowClients++;
  }

  #sweepSessions(): void {
    this.#sessions.expire();
    this.#sweep = this.#options.clock.after(SESSION_SWEEP_MS, () => this.#sweepSessions());
  }

  async #lastBytes(): Promise<void> {
    const until = this.#options.clock.monotonic() + LAST_BYTES_MS;
    const unsent = (): boolean => [...this.#connections].some(({ writableLength }) => writableLength > 0);
    while (unsent() && this.#options.clock.monotonic() < until) {
      await new Promise<void>((resolve) => void this.#options.clock.after(10, resolve));
    }
  }
}

class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly returnCode: number;
  constructor(returnCode: number, message: string) {
    super(message);
    this.returnCode = returnCode;
  }
}

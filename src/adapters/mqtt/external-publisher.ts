// Publishes to a broker outside of the process. It connects for ever, rejects at once while there is no connection, and
// holds nothing: what waits for the broker waits in the relay, which has bounds.
import { type IConnackPacket, MqttClient } from 'mqtt';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Publisher, PushMessage } from '../../ports/publisher.ts';
import { BrokerLink } from './broker-link.ts';
import { type BrokerTls, brokerStream } from './broker-stream.ts';
import { GatheringStream } from './gathering-stream.ts';
import { presenceMessage, presenceTopic } from './node-presence.ts';
import { failureOf, ProtocolChoice, type ProtocolVersion } from './protocol-choice.ts';

export interface ExternalPublisherOptions {
  /** `tcp://`, `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string;
  /** `mqtt.client_id`; the node's id is added, since two clients with one id throw each other out. */
  readonly clientId: string;
  readonly nodeId: string;
  readonly username: string;
  readonly password: string;
  readonly qos: 0 | 1 | 2;
  /** `mqtt.topic`: this node's presence is kept below it. */
  readonly base: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default `auto`: 5 where the broker knows it, else 3.1.1. */
  readonly protocolVersion?: ProtocolVersion | 'auto';
  readonly tls?: BrokerTls;
  readonly limits?: Partial<LinkLimits>;
}

export interface LinkLimits {
  readonly unacknowledgedMax: number;
  readonly ackMs: number;
  readonly connectMs: number;
  readonly reconnectMsMin: number;
  readonly reconnectMsMax: number;
}

/** A broker that is back is found within two seconds, so that push goes on within three. */
const LIMITS: LinkLimits = {
  unacknowledgedMax: 1_000,
  ackMs: 5_000,
  connectMs: 5_000,
  reconnectMsMin: 200,
  reconnectMsMax: 2_000,
};

const KEEPALIVE_SECONDS = 30;
/** How long saying goodbye may take. */
const GOODBYE_MS = 1_000;

export class ExternalPublisher implements Publisher {
  readonly #options: ExternalPublisherOptions;
  readonly #limits: LinkLimits;
  readonly #address: string;
  readonly #protocol: ProtocolChoice;
  #client: MqttClient | null = null;
  #link: BrokerLink | null = null;
  /** The link has carried something. */
  #isReady = false;
  #reconnect: Timer | null = null;
  #failures = 0;
  #lastError = 'not connected yet';
  /** Of the attempt that is under way. */
  #attemptError: Error | null = null;
  #refused = 0;
  #closed = false;

  /** Begins to connect; a broker that is not there is no error. */
  constructor(options: ExternalPublisherOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#address = withoutCredentials(options.url);
    this.#protocol = new ProtocolChoice(options.protocolVersion ?? 'auto');
    this.#connect();
  }

  /** Messages the connected broker would not have, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Who listens at the broker is not known here. */
  hasAudience(): boolean {
    return true;
  }

  async publish(messages: readonly PushMessage[]): Promise<void> {
    const link = this.#open;
    if (!link) throw new Error(`The MQTT broker ${this.#address} is away: ${this.#lastError}`);
    await link.send(messages);
  }

  health(): ReturnType<Publisher['health']> {
    return this.#open
      ? { status: 'ok', detail: `connected to ${this.#address}` }
      : { status: 'down', detail: `${this.#address}: ${this.#lastError}` };
  }

  /** Says goodbye, so that the last will is not sent in its place. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reconnect?.cancel();
    const { clock, nodeId, base } = this.#options;
    const goodbye = this.#open?.send(
      [{ topic: presenceTopic(base, nodeId), payload: presenceMessage(nodeId, 'offline') }],
      'retain',
    );
    await within(clock, GOODBYE_MS, goodbye);
    this.#link?.lose(new Error('The publisher was closed'));
    this.#link = null;
    const client = this.#client;
    if (client) await within(clock, GOODBYE_MS, client.endAsync());
    client?.end(true);
  }

  #connect(): void {
    const { url, clientId, nodeId, base, tls } = this.#options;
    const { username, password } = credentialsOf(this.#options);
    const protocolVersion = this.#protocol.next;
    this.#attemptError = null;
    const openStream = (): GatheringStream => {
      const stream = new GatheringStream(brokerStream(url, tls));
      stream.on('error', (error) => this.#note(error));
      return stream;
    };
    const client = new MqttClient(openStream, {
      protocolVersion,
      clientId: `${clientId}-${nodeId}`,
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
      clean: true,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: this.#limits.connectMs,
      // Reconnecting is done here, with a new client: the library's own keeps every unacknowledged message for ever.
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      will: {
        topic: presenceTopic(base, nodeId),
        payload: presenceMessage(nodeId, 'offline'),
        qos: 1,
        retain: true,
      },
    });
    this.#client = client;
    client.on('connect', (connack) => this.#connected(client, connack, protocolVersion));
    client.on('error', (error) => this.#note(error));
    client.on('close', () => this.#ended(client));
  }

  #note(error: Error): void {
    this.#attemptError = error;
    this.#lastError = error.message || ('code' in error ? String(error.code) : 'unknown error');
  }

  #connected(client: MqttClient, connack: IConnackPacket, protocol: ProtocolVersion): void {
    const { qos, clock, logger, base, nodeId } = this.#options;
    const { unacknowledgedMax, ackMs } = this.#limits;
    const onRefused = (topic: string, why: string): void => {
      if (this.#refused++ === 0) logger.warn('The MQTT broker refuses a message', { topic, why });
    };
    const link = new BrokerLink({ client, connack, protocol, qos, clock, unacknowledgedMax, ackMs, onRefused });
    this.#link = link;
    const hello = { topic: presenceTopic(base, nodeId), payload: presenceMessage(nodeId, 'online') };
    // Alone and first: a broker that counts what is under way counts this too. If it fails the connection is gone.
    link.send([hello], 'retain').then(
      () => this.#usable(link),
      () => {},
    );
  }

  #usable(link: BrokerLink): void {
    if (link.isLost || this.#link !== link) return;
    this.#isReady = true;
    this.#failures = 0;
    this.#options.logger.info(`Connected to the MQTT broker ${this.#address}`);
  }

  /** The link, if it can be used. */
  get #open(): BrokerLink | null {
    return this.#isReady && this.#link && !this.#link.isLost ? this.#link : null;
  }

  #ended(client: MqttClient): void {
    if (this.#client !== client) return;
    this.#client = null;
    const link = this.#link;
    this.#link = null;
    const wasReady = this.#isReady;
    this.#isReady = false;
    if (wasReady) this.#lastError = 'the connection was lost';
    if (link) this.#protocol.ended();
    else this.#protocol.failed(failureOf(this.#attemptError));
    link?.lose(new Error(`The connection to the MQTT broker ${this.#address} was lost`));
    client.end(true);
    if (this.#closed) return;
    const { logger, clock } = this.#options;
    if (wasReady || this.#failures === 0) {
      logger.warn(`The MQTT broker ${this.#address} is away; tasks go on, trying again`, { error: this.#lastError });
    }
    this.#reconnect = clock.after(this.#waitMs(), () => this.#connect());
    this.#failures++;
  }

  /** Doubles, and is spread so that many nodes do not come back as one. */
  #waitMs(): number {
    const { reconnectMsMin, reconnectMsMax } = this.#limits;
    const waitMs = Math.min(reconnectMsMax, reconnectMsMin * 2 ** Math.min(this.#failures, 10));
    return waitMs * (0.5 + this.#options.clock.random() / 2);
  }
}

/** `mqtt://user:password@host` says the same as the two settings, which win. */
function credentialsOf({ url, username, password }: Pick<ExternalPublisherOptions, 'url' | 'username' | 'password'>) {
  if (username !== '' || password !== '') return { username, password };
  const named = new URL(url);
  return { username: decodeURIComponent(named.username), password: decodeURIComponent(named.password) };
}

/** Fit for logs and health: host and port, no user, no password. */
function withoutCredentials(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Waits for `work`, but no longer than this; whether it went well does not matter any more. */
async function within(clock: Clock, waitMs: number, work: Promise<unknown> | undefined): Promise<void> {
  if (!work) return;
  await new Promise<void>((resolve) => {
    const timer = clock.after(waitMs, resolve);
    const end = (): void => {
      timer.cancel();
      resolve();
    };
    work.then(end, end);
  });
}

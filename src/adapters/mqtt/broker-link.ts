// One connection to an external broker, from its CONNACK to its end. It is never revived: what was under way when it
// ended is rejected and sent again by the caller over the next one, so nothing piles up in here.
import type { IClientPublishOptions, IConnackPacket, MqttClient } from 'mqtt';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { PushMessage } from '../../ports/publisher.ts';

export interface LinkOptions {
  readonly client: MqttClient;
  readonly connack: IConnackPacket;
  readonly protocol: 4 | 5;
  readonly qos: 0 | 1 | 2;
  readonly clock: Clock;
  /** Publishes under way at once; the broker may allow fewer (MQTT 5 Receive Maximum). */
  readonly unacknowledgedMax: number;
  /** A broker that acknowledges nothing for this long is as good as gone. */
  readonly ackMs: number;
  readonly onRefused: (topic: string, why: string) => void;
}

/** Mosquitto closes the connection at more than 20 unfinished QoS 2 messages, its default, which MQTT 3.1.1 cannot tell. */
const UNSAID_QOS2_MAX = 20;

/** Room for lengths, identifier and properties when a broker bounds the packet. */
const PACKET_OVERHEAD_BYTES = 192;

type PublishProperties = NonNullable<IClientPublishOptions['properties']>;

/** Messages that were handed over together. */
interface Sending {
  readonly messages: readonly PushMessage[];
  readonly retain: 'retain' | 'pass';
  taken: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class BrokerLink {
  readonly #options: LinkOptions;
  readonly #window: number;
  readonly #qos: 0 | 1 | 2;
  readonly #packetBytesMax: number;
  /** Not wholly acknowledged, oldest first. */
  readonly #sendings = new Set<Sending>();
  /** Of these, what has not even been handed to the library. */
  #waiting: { readonly sending: Sending; next: number }[] = [];
  #underWay = 0;
  #taken = 0;
  #watchdog: Timer | null = null;
  #isPumping = false;
  #lost: Error | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    // Only MQTT 5 brokers say what they take.
    const { receiveMaximum, maximumQoS, maximumPacketSize } = options.connack.properties ?? {};
    const unsaid = options.qos === 2 ? UNSAID_QOS2_MAX : options.unacknowledgedMax;
    this.#window = Math.min(options.unacknowledgedMax, receiveMaximum ?? unsaid);
    this.#qos = maximumQoS !== undefined && maximumQoS < options.qos ? (maximumQoS as 0 | 1) : options.qos;
    this.#packetBytesMax = maximumPacketSize ?? Number.POSITIVE_INFINITY;
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** The connection has ended; everything under way is rejected. */
  lose(error: Error): void {
    if (this.#lost) return;
    this.#lost = error;
    this.#watchdog?.cancel();
    this.#waiting = [];
    for (const { reject } of this.#sendings) reject(error);
    this.#sendings.clear();
  }

  /**
   * Sends in order, many at once, behind what was handed over before. Resolves when the broker has taken all of them, as far
   * as the QoS says.
   */
  send(messages: readonly PushMessage[], retain: 'retain' | 'pass' = 'pass'): Promise<void> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (messages.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const sending: Sending = { messages, retain, taken: 0, resolve, reject };
      this.#sendings.add(sending);
      this.#waiting.push({ sending, next: 0 });
      if (!this.#watchdog) this.#watch();
      this.#pump();
    });
  }

  /** Looks now and then whether anything was acknowledged; a broker that stands still is cut off. */
  #watch(): void {
    const { client, clock, ackMs } = this.#options;
    const takenThen = this.#taken;
    this.#watchdog = clock.after(ackMs, () => {
      this.#watchdog = null;
      if (this.#lost || this.#sendings.size === 0) return;
      if (this.#taken === takenThen) client.end(true);
      else this.#watch();
    });
  }

  #pump(): void {
    // At QoS 0 the answer comes before the call returns; the loop that is under way goes on with it.
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let first = this.#waiting[0]; first && this.#underWay < this.#window; first = this.#waiting[0]) {
      const { sending } = first;
      const message = sending.messages[first.next++];
      if (first.next >= sending.messages.length) this.#waiting.shift();
      if (!message) continue;
      this.#underWay++;
      this.#sendOne(message, sending.retain, (error) => this.#answered(sending, error));
    }
    this.#isPumping = false;
  }

  #answered(sending: Sending, error: Error | null): void {
    if (error) return this.lose(new Error('The connection to the MQTT broker was lost', { cause: error }));
    this.#underWay--;
    this.#taken++;
    if (++sending.taken === sending.messages.length) {
      this.#sendings.delete(sending);
      sending.resolve();
    }
    this.#pump();
  }

  #sendOne(message: PushMessage, retain: 'retain' | 'pass', done: (error: Error | null) => void): void {
    const { client, onRefused, protocol } = this.#options;
    const { topic, payload } = message;
    const why = this.#reasonNotToSend(topic, payload);
    if (why) {
      onRefused(topic, why);
      setImmediate(done, null);
      return;
    }
    const options: IClientPublishOptions = { qos: this.#qos, retain: retain === 'retain' };
    if (protocol === 5) options.properties = propertiesOf(message);
    client.publish(topic, payload, options, (error) => {
      // MQTT 5: the broker is there and says no to this one message.
      if (error && 'code' in error && typeof error.code === 'number') {
        onRefused(topic, error.message);
        done(null);
      } else {
        done(error ?? null);
      }
    });
  }

  /** Each of these would make the broker close the connection, again after each reconnect. */
  #reasonNotToSend(topic: string, payload: string): string | null {
    if (/[+#\0]/.test(topic)) return 'the topic holds a wildcard';
    if (this.#packetBytesMax === Number.POSITIVE_INFINITY) return null;
    const bytes = Buffer.byteLength(topic) + Buffer.byteLength(payload) + PACKET_OVERHEAD_BYTES;
    return bytes > this.#packetBytesMax ? `the broker takes ${this.#packetBytesMax} bytes at most` : null;
  }
}

function propertiesOf({ contentType, traceparent, expirySeconds }: PushMessage): PublishProperties {
  const properties: PublishProperties = {};
  if (contentType !== undefined) properties.contentType = contentType;
  if (traceparent !== undefined) properties.userProperties = { traceparent };
  if (expirySeconds !== undefined) properties.messageExpiryInterval = expirySeconds;
  return properties;
}

// Sessions that outlive their connection (clean session off): their subscriptions, and what was published at QoS 1 and 2
// while they were away. In memory, and bounded in every direction; a session that is not used is forgotten.
import { Readable } from 'node:stream';
import { TopicTrie } from './topic-trie.ts';

export interface SessionLimits {
  readonly sessionsMax: number;
  /** Unacknowledged messages kept per session; beyond that the oldest are dropped. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly subscriptionsMax: number;
  /** How long a session is kept after its client has left. */
  readonly expiryMs: number;
}

export interface SessionStoreOptions {
  readonly limits: SessionLimits;
  readonly monotonic: () => number;
  /** Filters that are granted. The broker hands over whole packets, refused filters included. */
  readonly accepts: (filter: string) => boolean;
}

interface Subscription {
  readonly topic: string;
  readonly qos: number;
}

interface Client {
  readonly id: string;
}

/** As aedes hands it over; `pubrel` packets are kept here too, in the place of the message they release. */
interface SessionPacket {
  readonly cmd?: string;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  readonly topic?: string;
  readonly payload?: Buffer | string;
  readonly qos?: number;
  messageId?: number | undefined;
}

interface Kept {
  packet: SessionPacket;
  readonly bytes: number;
}

interface Session {
  readonly subscriptions: Map<string, Subscription>;
  /** By the broker's count of messages, which identifies each one; oldest first. */
  readonly kept: Map<number, Kept>;
  /** Packet identifier to count. */
  readonly identifiers: Map<number, number>;
  bytes: number;
  /** When its client left; `null` while it is connected. */
  leftAt: number | null;
}

/** What one kept message costs beside its payload. */
const PACKET_OVERHEAD_BYTES = 300;

/**
 * What aedes calls a `persistence`. Nobody publishes but the server, and it retains nothing; so there is nothing to do for
 * retained messages, wills and incoming messages.
 */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #subscriptions = new TopicTrie<string>();
  readonly #limits: SessionLimits;
  readonly #options: SessionStoreOptions;
  #dropped = 0;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
    this.#limits = options.limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Messages that did not fit and will not reach their session. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Subscriptions that collect messages whether or not their client is connected. */
  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  matches(topic: string): boolean {
    return this.#subscriptions.matches(topic);
  }

  /** The client is connected; its session does not age. */
  entered(id: string): void {
    const session = this.#sessions.get(id);
    if (session) session.leftAt = null;
  }

  left(id: string): void {
    const session = this.#sessions.get(id);
    if (session) session.leftAt = this.#options.monotonic();
  }

  /** Forgets sessions whose client has been away too long. */
  expire(): void {
    for (const [id, { leftAt }] of this.#sessions) {
      if (leftAt !== null && this.#options.monotonic() - leftAt >= this.#limits.expiryMs) this.#forget(id);
    }
  }

  async setup(_broker: unknown): Promise<void> {}

  async addSubscriptions({ id }: Client, subscriptions: readonly Subscription[]): Promise<void> {
    const session = this.#sessions.get(id) ?? this.#open(id);
    if (!session) return;
    for (const { topic, qos } of subscriptions) {
      const room = session.subscriptions.has(topic) || session.subscriptions.size < this.#limits.subscriptionsMax;
      if (!room || !this.#options.accepts(topic)) continue;
      session.subscriptions.set(topic, { topic, qos });
      if (qos > 0) this.#subscriptions.add(topic, id);
      else this.#subscriptions.remove(topic, id);
    }
  }

  async removeSubscriptions({ id }: Client, topics: readonly string[]): Promise<void> {
    const session = this.#sessions.get(id);
    for (const topic of topics) {
      session?.subscriptions.delete(topic);
      this.#subscriptions.remove(topic, id);
    }
  }

  async subscriptionsByClient({ id }: Client): Promise<Subscription[]> {
    return [...(this.#sessions.get(id)?.subscriptions.values() ?? [])];
  }

  /** One entry per session. */
  async subscriptionsByTopic(topic: string): Promise<{ clientId: string; topic: string; qos: number }[]> {
    if (this.#subscriptions.size === 0) return [];
    return [...this.#subscriptions.match(topic)].map((clientId) => ({ clientId, topic, qos: 1 }));
  }

  /** The client asked for a clean session: what was kept is of no use any more. */
  async cleanSubscriptions({ id }: Client): Promise<void> {
    this.#forget(id);
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    return { subsCount: this.#subscriptions.size, clientsCount: this.#sessions.size };
  }

  async outgoingEnqueue({ clientId }: { readonly clientId: string }, packet: SessionPacket): Promise<void> {
    const session = this.#sessions.get(clientId);
    const count = packet.brokerCounter;
    if (!session || count === undefined || session.kept.has(count)) return;
    const bytes = PACKET_OVERHEAD_BYTES + (packet.payload?.length ?? 0);
    session.kept.set(count, { packet: { ...packet, messageId: undefined }, bytes });
    session.bytes += bytes;
    this.#shrink(session);
  }

  async outgoingEnqueueCombi(targets: readonly { readonly clientId: string }[], packet: SessionPacket): Promise<void> {
    for (const target of targets) await this.outgoingEnqueue(target, packet);
  }

  /** Notes the identifier a message goes out with, or that its release (`pubrel`) does. What was dropped is let pass. */
  async outgoingUpdate({ id }: Client, packet: SessionPacket): Promise<void> {
    const session = this.#sessions.get(id);
    if (!session || packet.messageId === undefined) return;
    if (packet.cmd === 'pubrel') {
      const kept = session.kept.get(session.identifiers.get(packet.messageId) ?? -1);
      if (kept) kept.packet = { ...packet, brokerCounter: kept.packet.brokerCounter ?? 0 };
      return;
    }
    const kept = session.kept.get(packet.brokerCounter ?? -1);
    if (!kept || packet.brokerCounter === undefined) return;
    kept.packet.messageId = packet.messageId;
    session.identifiers.set(packet.messageId, packet.brokerCounter);
  }

  /** Acknowledged: done with. */
  async outgoingClearMessageId({ id }: Client, { messageId }: SessionPacket): Promise<SessionPacket | undefined> {
    const session = this.#sessions.get(id);
    const count = messageId === undefined ? undefined : session?.identifiers.get(messageId);
    if (!session || count === undefined) return undefined;
    const kept = session.kept.get(count);
    this.#drop(session, count);
    return kept?.packet;
  }

  outgoingStream({ id }: Client): Readable {
    return Readable.from([...(this.#sessions.get(id)?.kept.values() ?? [])].map(({ packet }) => packet));
  }

  async storeRetained(): Promise<void> {}
  createRetainedStream(): Readable {
    return Readable.from([]);
  }
  createRetainedStreamCombi(): Readable {
    return Readable.from([]);
  }
  async incomingStorePacket(): Promise<void> {}
  async incomingGetPacket(): Promise<never> {
    throw new Error('no such packet');
  }
  async incomingDelPacket(): Promise<void> {}
  async cleanIncoming(): Promise<void> {}
  async putWill(): Promise<void> {}
  async getWill(): Promise<void> {}
  async delWill(): Promise<void> {}
  streamWill(): Readable {
    return Readable.from([]);
  }
  getClientList(): Readable {
    return Readable.from([]);
  }
  async destroy(): Promise<void> {
    for (const id of this.#sessions.keys()) this.#forget(id);
  }

  /** Makes room by forgetting the session whose client has been away longest. None is away: no session, only live messages. */
  #open(id: string): Session | null {
    if (this.#sessions.size >= this.#limits.sessionsMax) {
      let longest: { readonly id: string; readonly leftAt: number } | null = null;
      for (const [other, { leftAt }] of this.#sessions) {
        if (leftAt !== null && (!longest || leftAt < longest.leftAt)) longest = { id: other, leftAt };
      }
      if (!longest) return null;
      this.#forget(longest.id);
    }
    const session: Session = {
      subscriptions: new Map(),
      kept: new Map(),
      identifiers: new Map(),
      bytes: 0,
      leftAt: null,
    };
    this.#sessions.set(id, session);
    return session;
  }

  #forget(id: string): void {
    for (const topic of this.#sessions.get(id)?.subscriptions.keys() ?? []) this.#subscriptions.remove(topic, id);
    this.#sessions.delete(id);
  }

  #shrink(session: Session): void {
    const { messagesMax, bytesMax } = this.#limits;
    for (const count of session.kept.keys()) {
      if (session.kept.size <= messagesMax && session.bytes <= bytesMax) return;
      this.#dropped++;
      this.#drop(session, count);
    }
  }

  #drop(session: Session, count: number): void {
    const kept = session.kept.get(count);
    if (!kept) return;
    session.kept.delete(count);
    session.bytes -= kept.bytes;
    const { messageId } = kept.packet;
    if (messageId !== undefined && session.identifiers.get(messageId) === count) session.identifiers.delete(messageId);
  }
}

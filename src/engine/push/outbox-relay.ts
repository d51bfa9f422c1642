// From the outbox to everyone who watches: the hub of this process and the broker. Puts the pieces together for the three
// ways to run; how each of them works is in the files it names. Nothing here ever holds up a task.
import { OWN_LOCKS } from '../../domain/lock-names.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { LockStore } from '../../ports/lock-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { OutboxReader, TaskEvent } from '../../ports/outbox.ts';
import type { Publisher, PushMessage } from '../../ports/publisher.ts';
import type { TaskStore } from '../../ports/task-store.ts';
import type { EventHub } from './event-hub.ts';
import { type EventSink, OutboxFeed } from './outbox-feed.ts';
import type { DropReason } from './push-queue.ts';
import { PushSender } from './push-sender.ts';
import { RelayLock } from './relay-lock.ts';

export interface RelaySettings {
  /** Bounds of what waits in memory for a slow or absent broker. */
  readonly queueEventsMax: number;
  readonly queueBytesMax: number;
  /** Bound of what is kept in the store for the same reason; see `FrontierLimits.heldEventsMax`. */
  readonly heldEventsMax: number;
  /** Net below the store's signals; also how long the outbox grows while nobody listens. */
  readonly pollMs: number;
  /** With many nodes: how long entries stay for the other nodes to read. */
  readonly keepMs: number;
  /** With many nodes: a node that dies without a word is replaced after about this. */
  readonly lockTtlMs: number;
  /**
   * After a crash messages wait this long from the start, so that subscribers of an in-process broker have time to connect
   * again. Only if something was left, unpublished or running, and nobody is connected yet.
   */
  readonly reconnectMs: number;
  /** At the end, how long the broker gets to take what still waits. The rest stays in the outbox for the next start. */
  readonly flushMs: number;
}

export const RELAY_DEFAULTS: RelaySettings = {
  queueEventsMax: 100_000,
  queueBytesMax: 64 * 1024 * 1024,
  heldEventsMax: 200_000,
  pollMs: 1_000,
  keepMs: 5_000,
  lockTtlMs: 6_000,
  reconnectMs: 3_000,
  flushMs: 2_000,
};

/** Where the relay stands, kept in a store that many nodes share, so that a new holder does not begin at the oldest entry. */
export interface RelayCursor {
  load(): Promise<string | null>;
  /** Must change nothing when a larger fence has been here before. */
  save(position: string, fence: number): Promise<void>;
}

export interface RelayOptions {
  readonly store: Pick<TaskStore, 'kind' | 'readOutbox' | 'trimOutbox' | 'lostLeases' | 'onSignal'>;
  readonly hub: EventHub;
  readonly publisher: Publisher;
  /** `own`: the broker lives in this process (or there is none). `shared`: all nodes publish to the same one. */
  readonly broker: 'own' | 'shared';
  readonly toMessages: (event: TaskEvent) => readonly PushMessage[];
  readonly locks: LockStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Unique per process start. */
  readonly owner: string;
  readonly settings?: Partial<RelaySettings>;
  readonly cursor?: RelayCursor;
}

export interface RelayStats {
  /** `single`: the only node. `holder`: speaks for all nodes. `standby`: another node does. */
  readonly role: 'single' | 'holder' | 'standby';
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** Events since the start, as the rest. */
  readonly published: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Batches that had to be sent again. */
  readonly retries: number;
  /** Outbox entries that could not be decoded. */
  readonly unreadable: number;
}

/** Held by the node that publishes to the broker all nodes share, and trims. */
const RELAY_LOCK = `${OWN_LOCKS}relay`;
/** Held by one of the nodes that have no part in a shared broker. It trims what no relay will. */
const TRIM_LOCK = `${OWN_LOCKS}trim`;

export class OutboxRelay {
  readonly #options: RelayOptions;
  readonly #settings: RelaySettings;
  readonly #sender: PushSender;
  readonly #publishing: EventSink;
  readonly #local: OutboxFeed;
  readonly #lock: RelayLock | null;
  #shared: OutboxFeed | null = null;
  #ending: Promise<void> = Promise.resolve();
  #holdingBack: Timer | null = null;
  #unsubscribe: (() => void)[] = [];

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#settings = { ...RELAY_DEFAULTS, ...options.settings };
    const { publisher, hub, clock, logger } = options;
    const { queueEventsMax: eventsMax, queueBytesMax: bytesMax } = this.#settings;
    this.#sender = new PushSender({
      publisher,
      clock,
      logger,
      toMessages: options.toMessages,
      limits: { eventsMax, bytesMax },
      onSettled: () => (this.#shared ?? this.#local).settled(),
    });
    this.#publishing = {
      wants: () => this.#holdingBack !== null || publisher.hasAudience(),
      take: (events, held) => this.#sender.offer(events, held),
    };
    const toHub: EventSink = { wants: () => hub.hasListeners(), take: (events) => hub.publish(events) };
    this.#lock = options.store.kind === 'redis' ? this.#makeLock() : null;
    this.#local = this.#makeLocalFeed(toHub);
  }

  /** Begins to read. The first events can come before this returns to the event loop's next turn. */
  async start(): Promise<void> {
    const { store, hub } = this.#options;
    await this.#holdBackForReconnects();
    this.#unsubscribe = [
      store.onSignal((signal) => {
        if (signal.kind === 'outbox') this.#wake();
      }),
      hub.onFirstListener(() => this.#local.wakeForNew()),
    ];
    this.#lock?.start();
    this.#local.start();
  }

  stats(): RelayStats {
    const { queue, published, retries } = this.#sender;
    return {
      role: this.#lock ? (this.#lock.held ? 'holder' : 'standby') : 'single',
      queuedEvents: queue.size,
      queuedBytes: queue.bytes,
      published,
      dropped: queue.dropped,
      retries,
      unreadable: this.#local.unreadable + (this.#shared?.unreadable ?? 0),
    };
  }

  /** Publishes what is left as far as the broker takes it in time, and stops. Closes neither hub nor publisher. */
  async close(): Promise<void> {
    for (const stop of this.#unsubscribe.splice(0)) stop();
    this.#goOn();
    await Promise.all([this.#local.drain(), this.#shared?.drain()]);
    await this.#sender.flush(this.#settings.flushMs);
    this.#sender.close();
    await Promise.all([this.#local.close(), this.#shared?.close()]);
    await this.#lock?.close();
    await this.#ending;
  }

  #wake(): void {
    this.#local.wake();
    this.#shared?.wake();
  }

  /** One process: this feed serves hub and broker and trims. Many: it serves what is in this process, and does not trim. */
  #makeLocalFeed(toHub: EventSink): OutboxFeed {
    const { store, clock, logger, hub, broker } = this.#options;
    const { pollMs, keepMs, heldEventsMax } = this.#settings;
    const common = { outbox: store, clock, logger, pollMs };
    const both = [toHub, this.#publishing];
    if (!this.#lock) return new OutboxFeed({ ...common, sinks: both, trim: { keepMs: 0, heldEventsMax } });
    return new OutboxFeed({
      ...common,
      sinks: broker === 'own' ? both : [toHub],
      trim: null,
      readableMs: keepMs,
      onGap: () => hub.gap(),
    });
  }

  #makeLock(): RelayLock {
    const { locks, clock, logger, owner, broker } = this.#options;
    return new RelayLock({
      locks,
      clock,
      logger,
      key: broker === 'shared' ? RELAY_LOCK : TRIM_LOCK,
      owner,
      ttlMs: this.#settings.lockTtlMs,
      onHeld: (fence) => {
        this.#ending = this.#ending.then(() => this.#beginShared(fence));
      },
      onLost: () => {
        this.#ending = this.#ending.then(() => this.#endShared());
      },
    });
  }

  /** This node now speaks to the shared broker, if it has one, and trims for all. */
  async #beginShared(fence: number): Promise<void> {
    const { store, clock, logger, broker } = this.#options;
    const { pollMs, keepMs, lockTtlMs, heldEventsMax } = this.#settings;
    const relays = broker === 'shared';
    const cursor = relays ? this.#options.cursor : undefined;
    const from = await cursor?.load().catch(() => null);
    if (!this.#lock?.held) return;
    this.#shared = new OutboxFeed({
      outbox: relays ? store : this.#leavingItToRelays(),
      clock,
      logger,
      pollMs,
      sinks: relays ? [this.#publishing] : [],
      // Who only trims waits until a relay that died has had its successor, who then says that it is there.
      trim: { keepMs: relays ? keepMs : keepMs + 2 * lockTtlMs, heldEventsMax },
      from: from ?? null,
      ...(cursor ? { onDone: (position: string) => cursor.save(position, fence) } : {}),
    });
    this.#shared.start();
  }

  /** Nodes need not agree on their broker: where some publish to a shared one, what they have not published yet is kept. */
  #leavingItToRelays(): OutboxReader {
    const { store, locks } = this.#options;
    return {
      readOutbox: (after, limit) => store.readOutbox(after, limit),
      trimOutbox: async (position) => {
        const holds = await locks.holds();
        if (!holds.some(({ key }) => key === RELAY_LOCK)) await store.trimOutbox(position);
      },
    };
  }

  /** Another node goes on from the outbox with what waits here. */
  async #endShared(): Promise<void> {
    const feed = this.#shared;
    this.#shared = null;
    // First of all: what is cleared from the queue would look as if it were done with, and be trimmed.
    const abandoned = feed?.abandon();
    if (this.#options.broker === 'shared') this.#sender.queue.clear();
    await abandoned;
  }

  async #holdBackForReconnects(): Promise<void> {
    const { store, publisher, broker, clock } = this.#options;
    if (this.#lock || broker === 'shared' || publisher.health().status === 'off' || publisher.hasAudience()) return;
    // In this order: once a lost lease is settled, its event is in the outbox.
    const lost = await store.lostLeases(1).catch(() => []);
    const left = await store.readOutbox(null, 1).catch(() => []);
    if (lost.length + left.length === 0) return;
    this.#sender.pause();
    this.#holdingBack = clock.after(this.#settings.reconnectMs, () => this.#goOn());
  }

  #goOn(): void {
    this.#holdingBack?.cancel();
    this.#holdingBack = null;
    if (!this.#options.publisher.hasAudience()) this.#sender.queue.clear();
    this.#sender.resume();
  }
}

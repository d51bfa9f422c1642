// Membership in the consumer group. Joins, and joins again for as long as it is not closed; says which partitions are this
// node's. It reads nothing itself, so that nothing that is read can cost the membership.
import type { Consumer } from '@platformatic/kafka';
import { LogUnavailable } from '../../domain/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { reasonOf } from './faults.ts';

export interface GroupOptions {
  readonly topic: string;
  readonly newConsumer: () => Consumer;
  /** A node that dies without a word gives its partitions up after this. */
  readonly sessionTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** The partitions of this node from now on. */
  readonly onAssigned: (partitions: ReadonlySet<number>) => void;
}

const HEARTBEAT_MS = 1_000;
const REJOIN_MS = 1_000;

export class Group {
  readonly #options: GroupOptions;
  #consumer: Consumer | null = null;
  #fault: string | null = 'not joined yet';
  #retry: Timer | null = null;
  #joining: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /** Why this node is not in the group; `null`: it is. */
  get fault(): string | null {
    return this.#fault;
  }

  join(): void {
    this.#joining = this.#join();
  }

  /** Tells Kafka's own tools how far this node is. Nobody waits for it, and nothing depends on it. */
  note(offsets: ReadonlyMap<number, number>): void {
    if (this.#fault !== null || offsets.size === 0) return;
    const { topic, log } = this.#options;
    const list = [...offsets].map(([partition, offset]) => ({
      topic,
      partition,
      offset: BigInt(offset),
      leaderEpoch: -1,
    }));
    this.#consumer?.commit({ offsets: list }).catch((error: unknown) => {
      log.debug('Kafka did not note the offsets', { error: reasonOf(error) });
    });
  }

  /** What the group last noted for a partition; `null`: nothing. */
  async noted(partition: number): Promise<number | null> {
    const { topic } = this.#options;
    const found = await this.#consumer?.listCommittedOffsets({ topics: [{ topic, partitions: [partition] }] });
    const offset = found?.get(topic)?.[partition] ?? -1n;
    return offset < 0n ? null : Number(offset);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    const consumer = this.#consumer;
    this.#consumer = null;
    await consumer?.close(true).catch(() => undefined);
    await this.#joining;
  }

  async #join(): Promise<void> {
    const { topic, newConsumer, log } = this.#options;
    if (this.#isClosed) return;
    const consumer = newConsumer();
    this.#consumer = consumer;
    consumer.topics.track(topic);
    const again = (error: unknown) => this.#again(consumer, error);
    consumer.on('error', again);
    consumer.on('consumer:heartbeat:stalled', () => again(new LogUnavailable('no heartbeat reaches the group')));
    // Also after every rebalance.
    consumer.on('consumer:group:join', () => this.#joined(consumer));
    try {
      const sessionTimeout = this.#options.sessionTimeoutMs;
      // The client wants the second to be no less than the first.
      await consumer.joinGroup({ sessionTimeout, rebalanceTimeout: sessionTimeout, heartbeatInterval: HEARTBEAT_MS });
      log.debug('In the consumer group', { group: consumer.groupId });
    } catch (error) {
      again(error);
    }
  }

  #joined(consumer: Consumer): void {
    if (consumer !== this.#consumer) return;
    if (this.#fault !== null) this.#options.log.info('Takes part in the consumer group');
    this.#fault = null;
    const mine = consumer.assignments?.filter(({ topic }) => topic === this.#options.topic) ?? [];
    this.#options.onAssigned(new Set(mine.flatMap(({ partitions }) => partitions)));
  }

  /** The client gives up after some tries; we do not. */
  #again(consumer: Consumer, error: unknown): void {
    if (consumer !== this.#consumer || this.#isClosed) return;
    const { clock, log } = this.#options;
    if (this.#fault === null) log.warn('Out of the consumer group; joining again', { error: reasonOf(error) });
    this.#fault = reasonOf(error);
    this.#consumer = null;
    consumer.close(true).catch(() => undefined);
    this.#retry = clock.after(REJOIN_MS, () => this.join());
  }
}

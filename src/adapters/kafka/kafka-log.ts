// The log in Kafka: puts the parts of this folder together.
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type {
  IngestHandler,
  IngestMember,
  LogHealth,
  LogPage,
  LogPosition,
  LogTopic,
  NewRecord,
  PartitionBounds,
  ReadOptions,
  TaskLog,
} from '../../ports/task-log.ts';
import { clientOptions, type KafkaAddress } from './address.ts';
import { Appender, type AppenderOptions } from './appender.ts';
import { unavailable } from './faults.ts';
import { Fetcher } from './fetcher.ts';
import { Group } from './group.ts';
import type { Library } from './library.ts';
import { Member } from './member.ts';
import { readTopic } from './read-topic.ts';
import { RECORD_BYTES, TOPICS, topicName } from './topics.ts';

export interface KafkaLogParts {
  readonly library: Library;
  readonly address: KafkaAddress;
  readonly topic: string;
  readonly groupId: string;
  /** Most records in one batch of accepted tasks. */
  readonly batchSize: number;
  /** Longest a record waits for its batch. */
  readonly batchTimeoutMs: number;
  /** Longest the acknowledgement of a batch may take. */
  readonly deliveryTimeoutMs: number;
  /** Bytes of the largest record by topic; default: what topics take that we make. */
  readonly recordBytesMax?: Partial<Record<LogTopic, number>>;
  /** After how long of silence a member of the group has lost its partitions. Default 45 s. */
  readonly sessionTimeoutMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The client tries for as long as the deadlines here let it. */
const RETRIES = 1_000;
/** Where nobody waits for an answer the same producer goes on for longer: it knows what the broker has already, a new one does not. */
const PATIENCE_MS = 120_000;
const READ_RETRIES = 3;
/** Events and rejected records come in pages; nobody waits for a single one. */
const BATCH_OF_OTHERS = 1_000;
const SESSION_MS = 45_000;
/** A record is part of a batch, which has a head of its own. */
export const BATCH_HEAD_BYTES = 1024;

export class KafkaLog implements TaskLog {
  readonly #parts: KafkaLogParts;
  readonly #appenders: Readonly<Record<LogTopic, Appender>>;
  readonly #fetchers = new Map<LogTopic, Fetcher>();
  #member: Member | null = null;

  constructor(parts: KafkaLogParts) {
    this.#parts = parts;
    const { batchSize } = parts;
    this.#appenders = {
      tasks: this.#appender('tasks', batchSize),
      events: this.#appender('events', BATCH_OF_OTHERS),
      rejected: this.#appender('rejected', BATCH_OF_OTHERS),
    };
  }

  recordBytesMax(topic: LogTopic): number {
    return this.#parts.recordBytesMax?.[topic] ?? RECORD_BYTES - BATCH_HEAD_BYTES;
  }

  append(topic: LogTopic, records: readonly NewRecord[]): Promise<LogPosition[]> {
    return this.#appenders[topic].append(records);
  }

  async join(handler: IngestHandler): Promise<IngestMember> {
    const { library, address, groupId, topic, sessionTimeoutMs = SESSION_MS, clock, log } = this.#parts;
    const fetcher = this.#newFetcher('tasks');
    const newConsumer = () =>
      new library.Consumer({
        ...clientOptions(address, READ_RETRIES),
        requestTimeout: sessionTimeoutMs + 15_000,
        groupId,
      });
    const member = new Member(
      { fetcher, handler, clock, log },
      (onAssigned) => new Group({ topic, newConsumer, sessionTimeoutMs, clock, log, onAssigned }),
    );
    this.#member = member;
    return {
      partitions: () => member.partitions(),
      close: async () => {
        await member.close();
        await fetcher.close().catch(() => undefined);
        if (this.#member === member) this.#member = null;
      },
    };
  }

  async bounds(topic: LogTopic): Promise<PartitionBounds[]> {
    try {
      const bounds = await this.#fetcher(topic).bounds();
      for (const appender of Object.values(this.#appenders)) appender.serversAnswer();
      return bounds;
    } catch (error) {
      throw unavailable('Kafka does not say what its topics hold', error);
    }
  }

  async *read(topic: LogTopic, options: ReadOptions = {}): AsyncGenerator<LogPage> {
    const fetcher = this.#newFetcher(topic);
    try {
      yield* readTopic(fetcher, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw unavailable('Kafka cannot be read', error);
    } finally {
      await fetcher.close().catch(() => undefined);
    }
  }

  health(): LogHealth {
    const { brokers } = this.#parts.address;
    const fault = this.#appenders.tasks.fault ?? this.#appenders.events.fault ?? this.#member?.fault ?? null;
    if (fault === null) return { status: 'ok', detail: `answers at ${brokers.join(', ')}` };
    return { status: 'down', detail: fault };
  }

  async close(): Promise<void> {
    await Promise.all(TOPICS.map((topic) => this.#appenders[topic].close()));
    await Promise.all([...this.#fetchers.values()].map((fetcher) => fetcher.close().catch(() => undefined)));
  }

  #appender(topic: LogTopic, batchMax: number): Appender {
    const { library, address, batchTimeoutMs: waitMs, deliveryTimeoutMs, clock } = this.#parts;
    const deliveryMs = topic === 'tasks' ? deliveryTimeoutMs : Math.max(deliveryTimeoutMs, PATIENCE_MS);
    const options: AppenderOptions = {
      topic: topicName(this.#parts.topic, topic),
      newProducer: () => new library.Producer({ ...clientOptions(address, RETRIES), idempotent: true }),
      clock,
      batchMax,
      waitMs: waitMs + deliveryMs,
      deliveryMs,
      recordBytesMax: this.recordBytesMax(topic),
    };
    return new Appender(options);
  }

  /** Kept for questions that come again and again. */
  #fetcher(topic: LogTopic): Fetcher {
    const fetcher = this.#fetchers.get(topic) ?? this.#newFetcher(topic);
    this.#fetchers.set(topic, fetcher);
    return fetcher;
  }

  #newFetcher(topic: LogTopic): Fetcher {
    const { library, address, groupId } = this.#parts;
    const consumer = new library.Consumer({ ...clientOptions(address, READ_RETRIES), groupId });
    return new Fetcher(consumer, topicName(this.#parts.topic, topic));
  }
}

// Reads records from where it is told. It is in no group: who reads which partition is decided elsewhere.
import type { Consumer, KafkaRecord, RecordsBatch } from '@platformatic/kafka';
import type { LogPage, LogRecord, PartitionBounds } from '../../ports/task-log.ts';

/** As the client takes requests, of which it does not export the type. */
type FetchTopic = Parameters<Consumer['fetch']>[0]['topics'][number];
type FetchAnswer = Awaited<ReturnType<Consumer['fetch']>>;

export interface FetchLimits {
  /** How long the broker may wait for something to come. */
  readonly waitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
}

export interface Fetched {
  readonly pages: readonly LogPage[];
  /** Partitions that do not have the offset they were asked for. */
  readonly outOfRange: readonly number[];
}

const IS_CONTROL = 0b100000;
const HAS_APPEND_TIME = 0b1000;
const READ_COMMITTED = 1;
const OFFSET_OUT_OF_RANGE = 1;
const EARLIEST = -2n;
const LATEST = -1n;

export class Fetcher {
  readonly #consumer: Consumer;
  readonly #topic: string;

  constructor(consumer: Consumer, topic: string) {
    this.#consumer = consumer;
    this.#topic = topic;
    consumer.topics.track(topic);
  }

  /** One page of each partition that has something, also if it is only a new end. @param offsets by partition */
  async fetch(offsets: ReadonlyMap<number, number>, limits: FetchLimits): Promise<Fetched> {
    const { topics } = await this.#consumer.metadata({ topics: [this.#topic] });
    const known = topics.get(this.#topic);
    const byLeader = new Map<number, FetchTopic>();
    for (const [partition, offset] of offsets) {
      const leader = known?.partitions[partition]?.leader ?? -1;
      const request = byLeader.get(leader) ?? { topicId: known?.id ?? '', partitions: [] };
      byLeader.set(leader, request);
      request.partitions.push({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(offset),
        lastFetchedEpoch: -1,
        partitionMaxBytes: limits.maxBytes,
      });
    }
    const answers = await Promise.all([...byLeader].map(([node, request]) => this.#ask(node, request, limits)));
    const parts = answers.flatMap(({ responses }) => responses).flatMap(({ partitions }) => partitions);
    return {
      pages: parts.flatMap((part) =>
        part.errorCode === 0 ? [pageOf(part, offsets.get(part.partitionIndex) ?? 0)] : [],
      ),
      outOfRange: parts
        .filter(({ errorCode }) => errorCode === OFFSET_OUT_OF_RANGE)
        .map(({ partitionIndex }) => partitionIndex),
    };
  }

  async bounds(): Promise<PartitionBounds[]> {
    const [from, to] = await Promise.all([this.#list(EARLIEST), this.#list(LATEST)]);
    return from.map((earliest, partition) => ({
      partition,
      earliest: Number(earliest),
      end: Number(to[partition] ?? 0n),
    }));
  }

  close(): Promise<void> {
    return this.#consumer.close(true);
  }

  async #list(timestamp: bigint): Promise<bigint[]> {
    const found = await this.#consumer.listOffsets({
      topics: [this.#topic],
      timestamp,
      isolationLevel: READ_COMMITTED,
    });
    return found.get(this.#topic) ?? [];
  }

  /** An answer in which some partition has an error is thrown by the client, with the others in it. */
  async #ask(node: number, request: FetchTopic, { waitMs, minBytes, maxBytes }: FetchLimits): Promise<FetchAnswer> {
    try {
      return await this.#consumer.fetch({
        node,
        topics: [request],
        maxWaitTime: waitMs,
        minBytes,
        maxBytes,
        isolationLevel: READ_COMMITTED,
      });
    } catch (error) {
      const answer = answerIn(error);
      const isRange = answer?.responses.some(({ partitions }) =>
        partitions.some(({ errorCode }) => errorCode === OFFSET_OUT_OF_RANGE),
      );
      if (answer && isRange) return answer;
      throw error;
    }
  }
}

function answerIn(error: unknown): FetchAnswer | null {
  if (!(error instanceof Error)) return null;
  if ('response' in error && typeof error.response === 'object' && error.response !== null) {
    return 'responses' in error.response ? (error.response as FetchAnswer) : null;
  }
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  for (const one of [...inner, error.cause]) {
    const answer = answerIn(one);
    if (answer) return answer;
  }
  return null;
}

type Part = FetchAnswer['responses'][number]['partitions'][number];

function pageOf(part: Part, offset: number): LogPage {
  const records: LogRecord[] = [];
  let next = offset;
  for (const batch of part.records ?? []) {
    const first = Number(batch.firstOffset);
    next = Math.max(next, first + batch.lastOffsetDelta + 1);
    if ((batch.attributes & IS_CONTROL) !== 0) continue;
    for (const record of batch.records) {
      const at = first + record.offsetDelta;
      // A batch is kept as one: it may begin before the offset that was asked for.
      if (at >= offset) records.push(recordOf(part.partitionIndex, at, record, batch));
    }
  }
  const end = Number(part.lastStableOffset >= 0n ? part.lastStableOffset : part.highWatermark);
  return { partition: part.partitionIndex, records, next, end: Math.max(end, next) };
}

const NO_HEADERS: Readonly<Record<string, string>> = {};

function recordOf(partition: number, offset: number, record: KafkaRecord, batch: RecordsBatch): LogRecord {
  const isAppendTime = (batch.attributes & HAS_APPEND_TIME) !== 0;
  return {
    partition,
    offset,
    key: record.key === null ? null : record.key.toString('utf8'),
    value: record.value,
    headers:
      record.headers.length === 0
        ? NO_HEADERS
        : Object.fromEntries(record.headers.map(([name, text]) => [String(name ?? ''), String(text ?? '')])),
    timestampMs: Number(isAppendTime ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta),
  };
}

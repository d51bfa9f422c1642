// The log in front of the store (Kafka): every accepted task is a record in it before it is a task in the store, and every
// change of a task follows on a second topic. Nothing here knows what a record says; texts go in and come out as they are.

/** The topics of one installation: accepted tasks, changes of tasks, records that are no valid task. */
export type LogTopic = 'tasks' | 'events' | 'rejected';

/** Where a record lies in its topic. */
export interface LogPosition {
  readonly partition: number;
  /** Counted from 0 within the partition; some numbers may be missing. Exact up to 2^53. */
  readonly offset: number;
}

export interface NewRecord {
  /** Id of the task: records with one key stay in order. `null`: any partition. */
  readonly key: string | null;
  readonly value: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LogRecord extends LogPosition {
  readonly key: string | null;
  /** Bytes as they were produced; UTF-8 if the producer kept the rules. `null`: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** When it was produced, or appended if the topic says so; Unix ms. */
  readonly timestampMs: number;
}

/** What a partition holds: records from `earliest` on, the next one will get `end`. */
export interface PartitionBounds {
  readonly partition: number;
  readonly earliest: number;
  readonly end: number;
}

/** Records of one partition that were read together, in order. */
export interface LogPage {
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Where to go on after this page. Larger than the last record's offset; also past what is no record. */
  readonly next: number;
  /** End of the partition when the page was read: `end - next` records are still to come. */
  readonly end: number;
}

export interface LogHealth {
  readonly status: 'ok' | 'down';
  /** One line for people. */
  readonly detail: string;
}

/** What a member of the consumer group does with the partitions it is given. */
export interface IngestHandler {
  /**
   * Where to begin with a partition that was just given to this node.
   * @param noted the offset that the group last told the log; `null`: none
   */
  begin(partition: number, noted: number | null): Promise<number | 'earliest'>;
  /**
   * Goes on from `offset` without reading, as far as what lies there is known to be dealt with. Asked before each look at the
   * partition. Answers where to read.
   */
  advance(partition: number, offset: number, signal: AbortSignal): Promise<number>;
  /**
   * Takes a page. Called for a partition only when its last page is done with. Answers where to go on, usually `page.next`.
   * @param signal aborted when the partition is taken away: another node may read it from then on, or already
   */
  take(page: LogPage, signal: AbortSignal): Promise<number>;
  /** The log no longer has (or does not have yet) what comes next. `begin` is asked again after some seconds. */
  lost(partition: number, offset: number, bounds: PartitionBounds): void;
}

export interface IngestMember {
  /** Partitions this node reads now. */
  partitions(): readonly number[];
  /** Leaves the group, so that others take over at once. Waits for what is being taken. */
  close(): Promise<void>;
}

/** All methods throw `LogUnavailable` when the log cannot be used now; each call is bounded in time. */
export interface TaskLog {
  /** Bytes of the largest record that a topic takes, as it was when the log was opened. */
  recordBytesMax(topic: LogTopic): number;
  /**
   * A record that is too large refuses its call before anything of it is appended (`payload_too_large`).
   * Resolves when all in-sync replicas have every record; positions in order of `records`. After a rejection each of them may or
   * may not be in the log: appending it again is harmless as long as its key is the same.
   */
  append(topic: LogTopic, records: readonly NewRecord[]): Promise<LogPosition[]>;
  /**
   * Joins the consumer group of the topic `tasks`, and stays in it however often the connection is lost. Where it is, it tells
   * the group's other observers now and then; what counts is what `begin` says.
   */
  join(handler: IngestHandler): Promise<IngestMember>;
  /** Of every partition of a topic, in order of partition. */
  bounds(topic: LogTopic): Promise<PartitionBounds[]>;
  /**
   * Reads a topic once: from the earliest record, or where `from` says, to the end as it was at the call. Pages of one partition
   * come in order; partitions come in any order. For rebuilding, not for ingest.
   */
  read(topic: LogTopic, options?: ReadOptions): AsyncIterable<LogPage>;
  /** As far as it is known without asking. */
  health(): LogHealth;
  close(): Promise<void>;
}

export interface ReadOptions {
  /** First offset by partition; partitions it does not name are read from their earliest record. */
  readonly from?: ReadonlyMap<number, number>;
  readonly signal?: AbortSignal;
}

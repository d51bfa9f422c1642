// What a store does beyond `TaskStore` when tasks come to it from a log: it knows how far each partition has been read, and moves
// that in the same atomic step as it takes the tasks in. So a record is taken in once, whoever reads it and how often.
import type { OutboxReader } from './outbox.ts';
import type { Submission, SubmitReply } from './task-store.ts';

/** Part of a partition: everything from offset `expected` on up to, without, `upTo`. */
export interface LogSpan {
  readonly partition: number;
  /** Where the store must be now; `null`: it has never been told of the partition. */
  readonly expected: number | null;
  readonly upTo: number;
}

/** The store is elsewhere: somebody else reads the partition, or it was set back. Nothing was changed. */
export interface Moved {
  readonly state: 'moved';
  readonly next: number | null;
}

export type IngestReply = { readonly state: 'ingested' } | Moved;
export type PassReply = IngestReply | { readonly state: 'missing'; readonly ids: readonly string[] };

export interface LogIntake {
  /** The next offset to read, of each partition that was ever read. */
  offsets(): Promise<ReadonlyMap<number, number>>;
  /** Partitions of which tasks may be missing that lie before an offset: the store was emptied. Until `setOffsets`. */
  gaps(): Promise<ReadonlyMap<number, number>>;
  /** Notes such a gap, unless there is one already. */
  noteGap(partition: number, before: number): Promise<void>;
  /** Moves on past records of tasks that are all there already; changes nothing when some are not, and says which. */
  pass(span: LogSpan, ids: readonly string[]): Promise<PassReply>;
  /** Takes tasks in as `submit` does and moves on, both or neither. Repeated, it answers the same. */
  ingest(span: LogSpan, tasks: readonly Submission[]): Promise<IngestReply>;
  /** Sets where to go on, wherever it was before, and closes gaps: a rebuild has put everything there that is before it. */
  setOffsets(offsets: ReadonlyMap<number, number>): Promise<void>;
  /** What submits with these idempotency keys would answer; `null`: the key is not known. Changes nothing. */
  replays(named: readonly { readonly key: string; readonly fingerprint: string }[]): Promise<(SubmitReply | null)[]>;
  /** How far the outbox was written to the log. It is not trimmed beyond that. */
  readonly eventCursor: EventCursor;
}

/** So long after it was last said, the outbox still waits for those who write it to the log. */
export const EVENTS_HELD_MS = 86_400_000;

export interface EventCursor {
  /**
   * Says that changes are written to the log from now on: nothing is trimmed that is not there yet. Holds for `EVENTS_HELD_MS`.
   * Answers how far they have been written; `null`: not at all, or nobody held for too long.
   */
  hold(): Promise<string | null>;
  /** Changes nothing when a larger fence has been here before. Lets go of what others wanted trimmed up to there. */
  save(position: Parameters<OutboxReader['trimOutbox']>[0], fence: number): Promise<void>;
}

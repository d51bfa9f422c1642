// The log in front of the store, as the engine needs it: where it is, how far the store has read it, and how tasks and changes are
// written in it. Made in the composition root; left out on a node without Kafka.
import type { Task } from '../../domain/task.ts';
import type { LogIntake } from '../../ports/log-intake.ts';
import type { TaskEvent } from '../../ports/outbox.ts';
import type { NewRecord, TaskLog } from '../../ports/task-log.ts';
import type { Submission } from '../../ports/task-store.ts';
import type { RecordRules } from './log-record.ts';
import type { OwnRecords } from './own-records.ts';

export interface LogFront extends Pick<RecordRules, 'topic' | 'originOf' | 'parse'> {
  readonly log: TaskLog;
  readonly intake: LogIntake;
  /** What this node wrote into the log and put into the store. */
  readonly own: OwnRecords;
  /** Unique per process start. */
  readonly owner: string;
  readonly acceptedRecord: (submission: Submission, acceptedAt: number) => NewRecord;
  /** @param task as it was after the change, where that is known */
  readonly eventRecord: (event: TaskEvent, task: Task | null) => NewRecord;
}

/** How the log is doing, as of the last look at it. */
export interface LogStatus {
  readonly status: 'ok' | 'down';
  /** One line for people. */
  readonly detail: string;
  /** Records that the store has not been given yet, by any node; `null`: not known. */
  readonly lag: number | null;
  readonly partitions: readonly LogPartition[];
}

export interface LogPartition {
  readonly partition: number;
  /** The store has everything before this offset. */
  readonly next: number;
  readonly end: number;
}

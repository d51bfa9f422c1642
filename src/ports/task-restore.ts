// What a store does to get back tasks that it has lost: the log says what was asked for and what became of it, as far as
// changes were written there. Each task comes back at most once, however often it is told.
import type { TaskErrorCode } from '../domain/errors.ts';
import type { Attempt, JsonText, Status } from '../domain/task.ts';
import type { Submission } from './task-store.ts';

/** The newest that is known of a task. Unix ms. */
export interface LastChange {
  readonly status: Status;
  readonly version: number;
  readonly at: number;
  readonly retry: number;
  readonly recoveries: number;
  /** Attempts that were started. */
  readonly attempt: number;
  /** Those that ended without success, oldest first. */
  readonly attempts: readonly Attempt[];
  /** Of the last attempt; `null`: there was none. */
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly workerId: string | null;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
  readonly progress: JsonText | null;
  readonly result: JsonText | null;
}

export interface LostTask {
  readonly submission: Submission;
  readonly createdAt: number;
  /** `null`: nothing is known to have happened to it. */
  readonly last: LastChange | null;
}

export type RestoreReply =
  /** It was not there. */
  | 'restored'
  /** It was there as it had been before `last`, and is now as `last` says. */
  | 'corrected'
  /** It is there, as new as `last` or newer: nothing was done. */
  | 'there'
  /** Its idempotency key names another task: it never was one. */
  | 'replayed';

export interface TaskRestorer {
  /**
   * Final tasks come back final, without an event. All others come back pending: one that waits is due at once, or when it was to be; one
   * that ran was released. Leases that were given before are worth nothing from then on.
   * @param mode `report` changes nothing
   */
  restore(batch: readonly LostTask[], mode: 'apply' | 'report'): Promise<RestoreReply[]>;
}

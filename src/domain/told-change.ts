// One change of a task, as a record of the log tells it: what a rebuild goes by.
import type { TaskErrorCode } from './errors.ts';
import type { JsonText, Status } from './task.ts';

/** Times in Unix ms. `null`: it does not apply, or was not known when the record was written. */
export interface ToldChange {
  readonly taskId: string;
  readonly status: Status;
  readonly version: number;
  readonly at: number;
  readonly retry: number;
  readonly workerId: string | null;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
  readonly recoveries: number | null;
  readonly createdAt: number | null;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly progress: JsonText | null;
  readonly result: JsonText | null;
}

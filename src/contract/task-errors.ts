// What `handle.result()` throws when a task did not succeed. Each carries the task as it ended.
import type { Fault, TaskErrorCode } from '../domain/errors.ts';
import type { AttemptView, TaskDetailView } from './task-view.ts';

/** Base of the three: `catch (error) { if (error instanceof TaskError) ... }`. */
export abstract class TaskError extends Error {
  readonly code: TaskErrorCode;
  /** Whether `retry(task.id)` may end better without a change of anything else. */
  readonly retryable: boolean;
  readonly task: TaskDetailView;
  /** How its last attempt ended; `undefined` when it never ran. */
  override readonly cause: AttemptView | undefined;

  constructor(task: TaskDetailView, code: TaskErrorCode) {
    super(`Task ${task.id} (${task.type}): ${task.error ?? task.status}`);
    this.cause = task.attempts.at(-1);
    this.task = task;
    this.code = task.errorCode ?? code;
    this.retryable = RETRYABLE[this.code];
  }
}

/** The handler failed for good, or its node was lost once too often. */
export class TaskFailed extends TaskError {
  override readonly name = 'TaskFailed';
  constructor(task: TaskDetailView) {
    super(task, 'handler_error');
  }
}

/** Somebody canceled it. */
export class TaskCanceled extends TaskError {
  override readonly name = 'TaskCanceled';
  constructor(task: TaskDetailView) {
    super(task, 'canceled');
  }
}

/** It waited longer than its queue timeout and never ran, or not again. */
export class TaskTimedOut extends TaskError {
  override readonly name = 'TaskTimedOut';
  constructor(task: TaskDetailView) {
    super(task, 'queue_timeout');
  }
}

/** A task succeeded with a result, or reported progress, that does not fit the caller's contract. */
export class ContractMismatch extends Error {
  override readonly name = 'ContractMismatch';
  readonly code = 'contract_mismatch';
  readonly retryable = false;
  readonly faults: readonly Fault[];
  constructor(what: string, faults: readonly Fault[]) {
    super([`${what} does not fit the contract:`, ...faults.map((one) => `  ${one.path} ${one.message}`)].join('\n'));
    this.faults = faults;
  }
}

/** The caller's own wait (`result({ timeout })`) is over. The task goes on. */
export class WaitTimedOut extends Error {
  override readonly name = 'WaitTimedOut';
  readonly code = 'wait_timeout';
  readonly retryable = true;
}

const RETRYABLE: Readonly<Record<TaskErrorCode, boolean>> = {
  handler_error: true,
  non_retryable: false,
  process_timeout: true,
  queue_timeout: true,
  worker_lost: true,
  result_not_serializable: false,
  result_too_large: false,
  canceled: false,
};

// What `xqueue` and `xqueue/client` both offer, name by name.
export type { TaskInput } from './contract-task.ts';
export {
  type AnyContract,
  defineTask,
  type HandleOf,
  type InputOf,
  type PayloadOf,
  type ProgressOf,
  type ResultOf,
  type ReturnOf,
  type TaskContract,
  type TaskDefinition,
} from './define-task.ts';
export { type StandardSchema, typed } from './standard-schema.ts';
export {
  type Duration,
  type RetryOptions,
  type SubmitOptions,
  withConcurrency,
  withDelay,
  withIdempotencyKey,
  withPriority,
  withRetry,
  withRunAt,
  withTags,
  withTimeout,
} from './submit-options.ts';
export {
  ContractMismatch,
  TaskCanceled,
  TaskError,
  TaskFailed,
  TaskTimedOut,
  WaitTimedOut,
} from './task-errors.ts';
export type { TaskHandle, WaitOptions } from './task-handle.ts';
export type { AttemptView, Change, LogLineView, TaskDetailView, TaskView } from './task-view.ts';

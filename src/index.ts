// The public API of the package, name by name.
export type { Options } from './config/options.ts';
export { ConfigError, type Problem } from './config/problem.ts';
export { StartError } from './config/start-error.ts';
export * from './contract/public.ts';
export { byPayload, byType, type ConcurrencyStrategy, type Limit } from './domain/concurrency.ts';
export {
  type ApiErrorCode,
  type Fault,
  LogUnavailable,
  NonRetryableError,
  RetryAfterError,
  StoreUnavailable,
  type TaskErrorCode,
  XQueueError,
} from './domain/errors.ts';
export type { AttemptOutcome, FinalStatus, PendingReason, Status } from './domain/task.ts';
export type { KeyState, ListQuery, StoreStats } from './ports/task-store.ts';
export { implement, type TypedContext, type TypedHandler, type TypedTask } from './sdk/implement.ts';
export type { LockOptions } from './sdk/task-manager.ts';
export { TaskManager } from './task-manager.ts';
export {
  type AbortCause,
  type Handler,
  HandlerAborted,
  type HandlerContext,
  type HandlerLog,
  type HandlerSignal,
  type HandlerTask,
  type HeldLock,
  type Isolation,
  type Middleware,
} from './worker/handler.ts';

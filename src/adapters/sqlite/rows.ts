// Rows as they travel between the store's thread and its callers, and the task that is made of one.
import type { TaskErrorCode } from '../../domain/errors.ts';
import { DEFAULT_RETRY, type RetryStrategy } from '../../domain/retry.ts';
import type { PendingReason, Task } from '../../domain/task.ts';
import { parseLimits } from './slots.ts';
import { STATUS_CODES } from './status.ts';

/** The columns of a task, in the order of `TaskRow`. Needs `task t` and `spec s`. */
export const TASK_COLUMNS = `t.seq, t.lane_id, t.id, t.type_id, t.status, t.due_at, t.version, t.retry, t.recoveries, t.attempt,
  t.cancel_requested, t.worker_id, t.created_at, t.updated_at, t.started_at, t.completed_at, t.limits, t.error, t.error_code,
  t.progress, t.result, s.payload, s.priority, s.max_retry, s.retry_strategy, s.queue_timeout_ms, s.process_timeout_ms,
  s.concurrency_key, s.max_concurrency, s.tags, s.parent_id`;
export const TASK_FROM = 'FROM task t JOIN spec s ON s.seq = t.seq';

/** What the client asked for: all of a row of `spec` but its number. */
export type SpecColumns = [
  payload: string,
  priority: number,
  maxRetry: number,
  retryStrategy: string | null,
  queueTimeoutMs: number,
  processTimeoutMs: number,
  concurrencyKey: string | null,
  maxConcurrency: number | null,
  tags: string | null,
  parentId: string | null,
];

export type TaskColumns = [
  seq: number,
  laneId: number | null,
  id: string,
  typeId: number,
  status: number,
  dueAt: number,
  version: number,
  retry: number,
  recoveries: number,
  attempt: number,
  cancelRequested: number,
  workerId: string | null,
  createdAt: number,
  updatedAt: number,
  startedAt: number | null,
  completedAt: number | null,
  limits: string | null,
  error: string | null,
  errorCode: string | null,
  progress: string | null,
  result: string | null,
  ...spec: SpecColumns,
];

/** A task on its way out of the store: its columns, the name of its type, and why it waits. */
export interface TaskRow {
  readonly columns: TaskColumns;
  readonly type: string;
  readonly reason: PendingReason | null;
}

export function toTask({ columns: c, type, reason }: TaskRow): Task {
  return {
    id: c[2],
    type,
    payload: c[21],
    priority: c[22],
    maxRetry: c[23],
    retryStrategy: parseStrategy(c[24]),
    queueTimeoutMs: c[25],
    processTimeoutMs: c[26],
    concurrencyKey: c[27],
    maxConcurrency: c[28],
    limits: parseLimits(c[16]),
    tags: c[29] === null ? [] : (JSON.parse(c[29]) as string[]),
    parentId: c[30],
    status: STATUS_CODES[c[4]] ?? 'failed',
    pendingReason: reason,
    retry: c[7],
    recoveries: c[8],
    attempt: c[9],
    progress: c[19],
    result: c[20],
    error: c[17],
    errorCode: c[18] as TaskErrorCode | null,
    workerId: c[11],
    cancelRequested: c[10] === 1,
    version: c[6],
    createdAt: c[12],
    updatedAt: c[13],
    startedAt: c[14],
    completedAt: c[15],
    runAt: c[5],
  };
}

/** The default strategy is stored as null: most tasks have it. */
export function strategyText(strategy: RetryStrategy): string | null {
  if (strategy === DEFAULT_RETRY) return null;
  const { type, delayMs, factor, maxDelayMs, jitter } = strategy;
  const isDefault =
    type === DEFAULT_RETRY.type &&
    delayMs === DEFAULT_RETRY.delayMs &&
    factor === DEFAULT_RETRY.factor &&
    maxDelayMs === DEFAULT_RETRY.maxDelayMs &&
    jitter === DEFAULT_RETRY.jitter;
  return isDefault ? null : JSON.stringify({ type, delayMs, factor, maxDelayMs, jitter });
}

export function parseStrategy(text: string | null): RetryStrategy {
  return text === null ? DEFAULT_RETRY : (JSON.parse(text) as RetryStrategy);
}

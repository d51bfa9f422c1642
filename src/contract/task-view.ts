// A task as a program sees it: values instead of JSON text, dates instead of numbers. The same in the process of the
// queue and across the wire.
import type { TaskErrorCode } from '../domain/errors.ts';
import type { RetryStrategy } from '../domain/retry.ts';
import type { AttemptOutcome, JsonText, PendingReason, Status } from '../domain/task.ts';

export interface TaskView {
  readonly id: string;
  readonly type: string;
  readonly status: Status;
  /** Why it does not run yet; only while pending. */
  readonly pendingReason: PendingReason | null;
  /** Parsed. Integers beyond 2^53 lose digits in a JavaScript number; `payloadText` has all of them. */
  readonly payload: unknown;
  readonly payloadText: JsonText;
  readonly priority: number;
  readonly maxRetry: number;
  /** Retries used so far. */
  readonly retry: number;
  readonly retryStrategy: RetryStrategy;
  /** 0 = no limit. */
  readonly queueTimeoutMs: number;
  /** 0 = no limit. */
  readonly processTimeoutMs: number;
  readonly concurrencyKey: string | null;
  readonly maxConcurrency: number | null;
  readonly tags: readonly string[];
  /** The task whose handler submitted it with `ctx.submit`; it may be forgotten already. */
  readonly parentId: string | null;
  /** What the handler last reported. */
  readonly progress: unknown;
  /** What the handler returned; `resultText` is the same with every digit. */
  readonly result: unknown;
  readonly resultText: JsonText | null;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
  readonly workerId: string | null;
  readonly cancelRequested: boolean;
  /** +1 with each change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly runAt: Date;
}

export interface AttemptView {
  readonly attempt: number;
  readonly workerId: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly outcome: AttemptOutcome | null;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
}

export interface TaskDetailView extends TaskView {
  /** Newest last, at most the last 50. */
  readonly attempts: readonly AttemptView[];
}

/** One change of a task. `progress` is the newest the handler reported, parsed. */
export interface Change<Progress = unknown> {
  readonly status: Status;
  readonly version: number;
  readonly at: Date;
  readonly retry: number;
  readonly workerId: string | null;
  readonly progress: Progress | null;
  readonly error: string | null;
  readonly cancelRequested: boolean;
}

/** One line that a handler said with `ctx.log`. */
export interface LogLineView {
  /** 1, 2, 3 ... over all attempts; the oldest may be gone. */
  readonly line: number;
  readonly at: Date;
  readonly attempt: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** What was given beside the message; `null` without. */
  readonly fields: unknown;
}

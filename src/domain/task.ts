// What a task is. `TaskSpec` is what the client asked for and never changes; `Task` adds what happened since.
// JSON values (payload, result, progress) stay text from end to end, so that big integers, `[]` and key order survive.
import type { Limit } from './concurrency.ts';
import type { TaskErrorCode } from './errors.ts';
import type { RetryStrategy } from './retry.ts';

export const STATUSES = ['pending', 'processing', 'success', 'failed', 'canceled', 'timeout'] as const;
export type Status = (typeof STATUSES)[number];

export const FINAL_STATUSES = ['success', 'failed', 'canceled', 'timeout'] as const satisfies readonly Status[];
export type FinalStatus = (typeof FINAL_STATUSES)[number];

export function isFinal(status: Status): status is FinalStatus {
  return status !== 'pending' && status !== 'processing';
}

/** Why a pending task does not run yet. `ready` means: as soon as a node has a free slot. */
export const PENDING_REASONS = ['ready', 'scheduled', 'retry_backoff', 'concurrency', 'paused', 'no_handler'] as const;
export type PendingReason = (typeof PENDING_REASONS)[number];

/** JSON text of a value, kept exactly as it came. */
export type JsonText = string;

export interface TaskSpec {
  /** UUIDv7, lower case. */
  readonly id: string;
  readonly type: string;
  readonly payload: JsonText;
  /** Larger runs first. */
  readonly priority: number;
  /** How many times a failed attempt is tried again. */
  readonly maxRetry: number;
  readonly retryStrategy: RetryStrategy;
  /** Longest wait in `pending` since last due; 0 = no limit. */
  readonly queueTimeoutMs: number;
  /** Longest run of one attempt; 0 = no limit. */
  readonly processTimeoutMs: number;
  /** As the client gave it, for reading back and filtering. What is enforced is `limits`. */
  readonly concurrencyKey: string | null;
  readonly maxConcurrency: number | null;
  /** All limits that must have room at once, sorted by key, one entry per key (see `concurrency.ts`). */
  readonly limits: readonly Limit[];
  readonly tags: readonly string[];
  /** The task whose handler submitted this one; `null` for a task that came from outside. It may be forgotten already. */
  readonly parentId: string | null;
}

/** How one attempt ended. `lost`: its node disappeared. `released`: its node shut down and gave the task back. */
export type AttemptOutcome = 'success' | 'failed' | 'timeout' | 'canceled' | 'lost' | 'released';

export interface Attempt {
  /** 1, 2, 3 ... without gaps. */
  readonly attempt: number;
  readonly workerId: string;
  readonly startedAt: number;
  /** `null` while it runs; so is `outcome`. */
  readonly endedAt: number | null;
  readonly outcome: AttemptOutcome | null;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
}

/** All times are Unix milliseconds by the store's clock. */
export interface Task extends TaskSpec {
  readonly status: Status;
  /** Only while pending, else `null`. */
  readonly pendingReason: PendingReason | null;
  /** Retries used so far; 0 on the first attempt. */
  readonly retry: number;
  /** How often its node was lost. */
  readonly recoveries: number;
  /** Attempts started so far. */
  readonly attempt: number;
  readonly progress: JsonText | null;
  readonly result: JsonText | null;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
  readonly workerId: string | null;
  readonly cancelRequested: boolean;
  /** +1 with each transition, cancel request and progress report. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  /** When it was or will be last due. */
  readonly runAt: number;
}

export interface TaskWithAttempts extends Task {
  /** Newest last, at most the last 50. */
  readonly attempts: readonly Attempt[];
}

// What an ended attempt means. The domain names the outcome; the store applies it only if the lease still holds,
// and turns any outcome of a task whose cancel was requested into `cancel` (the request may have come meanwhile).
import type { TaskErrorCode } from './errors.ts';
import { retryDelayMs } from './retry.ts';
import type { AttemptOutcome, JsonText, Task } from './task.ts';

export type Outcome =
  | { readonly kind: 'succeed'; readonly result: JsonText | null }
  /** Final failure. `attempt` says how the last attempt is recorded. */
  | {
      readonly kind: 'fail';
      readonly error: string;
      readonly errorCode: TaskErrorCode;
      readonly attempt: AttemptOutcome;
    }
  /** Pending again after a wait; costs a retry. */
  | {
      readonly kind: 'retry';
      readonly delayMs: number;
      readonly error: string;
      readonly errorCode: TaskErrorCode;
      readonly attempt: AttemptOutcome;
    }
  /** Pending again at its old place; costs nothing (graceful shutdown). */
  | { readonly kind: 'release' }
  /** Pending again at its old place; costs one recovery (its node was lost). */
  | { readonly kind: 'recover'; readonly error: string }
  /** The handler ended after a cancel request, or the grace is over. */
  | { readonly kind: 'cancel' };

/** How the attempt ended, as its node saw it. */
export type Ending =
  | { readonly kind: 'returned'; readonly result: JsonText | null }
  | {
      readonly kind: 'threw';
      readonly error: string;
      readonly errorCode: 'handler_error' | 'non_retryable' | 'result_not_serializable' | 'result_too_large';
      /** Set by a `RetryAfterError`: replaces the strategy's wait. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'ran_too_long' }
  | { readonly kind: 'shut_down' }
  | { readonly kind: 'canceled' };

export interface OutcomeFacts {
  readonly retry: number;
  readonly maxRetry: number;
  readonly recoveries: number;
  readonly retryStrategy: Task['retryStrategy'];
  readonly processTimeoutMs: number;
}

/** What an attempt that its own node saw ending means for the task. */
export function outcomeOf(task: OutcomeFacts, ending: Ending, random: number): Outcome {
  switch (ending.kind) {
    case 'returned':
      return { kind: 'succeed', result: ending.result };
    case 'canceled':
      return { kind: 'cancel' };
    case 'shut_down':
      return { kind: 'release' };
    case 'ran_too_long':
      return timedOut(task, random);
    case 'threw': {
      const { error, errorCode } = ending;
      if (errorCode !== 'handler_error' || task.retry >= task.maxRetry) {
        return { kind: 'fail', error, errorCode, attempt: 'failed' };
      }
      const delayMs = ending.retryAfterMs ?? retryDelayMs(task.retryStrategy, task.retry + 1, random);
      return { kind: 'retry', delayMs, error, errorCode, attempt: 'failed' };
    }
  }
}

/**
 * What a lease that ran out means. Past the process deadline the handler ran too long (its node kept the lease
 * to the end); otherwise the node was lost, which costs no retry but at most `maxRecoveries` times.
 */
export function outcomeOfLostLease(
  task: OutcomeFacts,
  facts: { readonly pastDeadline: boolean; readonly workerId: string; readonly maxRecoveries: number },
  random: number,
): Outcome {
  if (facts.pastDeadline) return timedOut(task, random);
  const error = `Worker ${facts.workerId} was lost while running this task`;
  if (task.recoveries >= facts.maxRecoveries) return { kind: 'fail', error, errorCode: 'worker_lost', attempt: 'lost' };
  return { kind: 'recover', error };
}

function timedOut(task: OutcomeFacts, random: number): Outcome {
  const error = `Ran longer than its process_timeout of ${task.processTimeoutMs / 1000} s`;
  if (task.retry >= task.maxRetry) return { kind: 'fail', error, errorCode: 'process_timeout', attempt: 'timeout' };
  const delayMs = retryDelayMs(task.retryStrategy, task.retry + 1, random);
  return { kind: 'retry', delayMs, error, errorCode: 'process_timeout', attempt: 'timeout' };
}

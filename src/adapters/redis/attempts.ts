// Ended attempts as the scripts keep them. A successful attempt and the running one are told by the task itself.
import type { TaskErrorCode } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { Attempt, AttemptOutcome, Task } from '../../domain/task.ts';
import { Reader } from './bytes.ts';
import { bytes, list } from './calls.ts';
import type { RedisReply } from './link.ts';

/** Scripts write 3, 4 and 5 by themselves. */
export const ATTEMPT_NUMBERS: Readonly<Record<AttemptOutcome, number>> = {
  success: 0,
  failed: 1,
  timeout: 2,
  canceled: 3,
  lost: 4,
  released: 5,
};
const OUTCOMES: readonly AttemptOutcome[] = ['success', 'failed', 'timeout', 'canceled', 'lost', 'released'];

/** @param ended what get.lua answers for the task */
export function attemptsOf(task: Task, ended: RedisReply | undefined): Attempt[] {
  const attempts = list(ended).map((one) => readAttempt(bytes(one)));
  if (task.status === 'processing' || task.status === 'success') {
    attempts.push({
      attempt: task.attempt,
      workerId: task.workerId ?? '',
      startedAt: task.startedAt ?? 0,
      endedAt: task.completedAt,
      outcome: task.status === 'success' ? 'success' : null,
      error: null,
      errorCode: null,
    });
  }
  return attempts.slice(-LIMITS.attemptsKept);
}

function readAttempt(packed: Buffer): Attempt {
  const from = new Reader(packed);
  const attempt = from.uint(4);
  const startedAt = from.uint(6);
  const endedAt = from.uint(6);
  const outcome = OUTCOMES[from.uint(1)] ?? 'failed';
  const workerId = from.text(2);
  const errorCode = from.text(1);
  const error = from.text(2);
  return {
    attempt,
    workerId,
    startedAt,
    endedAt,
    outcome,
    error: errorCode === '' ? null : error,
    errorCode: errorCode === '' ? null : (errorCode as TaskErrorCode),
  };
}

// What became of each task, put together from its changes as the log has them: for rebuilding.
import type { TaskErrorCode } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import { type Attempt, type AttemptOutcome, isFinal } from '../../domain/task.ts';
import type { ToldChange } from '../../domain/told-change.ts';
import type { LastChange } from '../../ports/task-restore.ts';

export interface History extends LastChange {
  /** `null`: no change told it. */
  readonly createdAt: number | null;
}

const NO_ATTEMPTS: readonly Attempt[] = [];

export class TaskHistories {
  readonly #byId = new Map<string, History>();

  get size(): number {
    return this.#byId.size;
  }

  of(taskId: string): History | null {
    return this.#byId.get(taskId) ?? null;
  }

  /** Changes of a task are told in their order; what was told already, or comes too late, is passed over. */
  add(told: ToldChange): void {
    const before = this.#byId.get(told.taskId) ?? null;
    if (before !== null && told.version <= before.version) return;
    this.#byId.set(told.taskId, next(before, told));
  }
}

function next(before: History | null, told: ToldChange): History {
  const { taskId: _, startedAt, recoveries, ...now } = told;
  const was = before ?? { attempt: 0, attempts: NO_ATTEMPTS, startedAt: null, recoveries: 0, createdAt: null };
  const begins = told.status === 'processing' && before?.status !== 'processing';
  // A claim that nobody told of: the task was taken up again and ended while changes were lost.
  const isUntold = told.status === 'success' && before?.status !== 'processing';
  const starts = begins || isUntold;
  const lost = endOf(before, told) === 'lost' ? 1 : 0;
  return {
    ...now,
    createdAt: told.createdAt ?? was.createdAt,
    attempt: was.attempt + (starts ? 1 : 0),
    attempts: attemptsAfter(before, told),
    startedAt: starts ? (startedAt ?? told.at) : was.startedAt,
    // A revived task begins to count anew.
    recoveries: recoveries ?? (before !== null && isFinal(before.status) ? 0 : was.recoveries + lost),
  };
}

/** The attempt that ran is over, unless it succeeded: that one is told by the task itself. */
function attemptsAfter(before: History | null, told: ToldChange): readonly Attempt[] {
  if (before === null) return NO_ATTEMPTS;
  const outcome = endOf(before, told);
  if (outcome === null || outcome === 'success') return before.attempts;
  const isReleased = outcome === 'released';
  const ended: Attempt = {
    attempt: before.attempt,
    workerId: before.workerId ?? '',
    startedAt: before.startedAt ?? before.at,
    endedAt: told.at,
    outcome,
    error: isReleased ? null : told.error,
    errorCode: isReleased ? null : told.errorCode,
  };
  return [...before.attempts, ended].slice(-LIMITS.attemptsKept);
}

/** How this change ended the attempt that ran; `null`: none ran, or it goes on. */
function endOf(before: History | null, { status, retry, errorCode, recoveries }: ToldChange): AttemptOutcome | null {
  if (before?.status !== 'processing' || status === 'processing') return null;
  switch (status) {
    case 'success':
      return 'success';
    case 'canceled':
      return 'canceled';
    case 'failed':
    case 'timeout':
      return failureOf(errorCode);
    case 'pending': {
      if (retry > before.retry) return failureOf(errorCode);
      if (recoveries !== null) return recoveries > before.recoveries ? 'lost' : 'released';
      return errorCode === 'worker_lost' ? 'lost' : 'released';
    }
  }
}

function failureOf(code: TaskErrorCode | null): AttemptOutcome {
  if (code === 'process_timeout') return 'timeout';
  return code === 'worker_lost' ? 'lost' : 'failed';
}

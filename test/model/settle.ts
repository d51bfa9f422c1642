// How an attempt ends, and what becomes of its slots.
import { canceledMessage } from '../../src/domain/cancel-message.ts';
import type { TaskErrorCode } from '../../src/domain/errors.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { AttemptOutcome, FinalStatus } from '../../src/domain/task.ts';
import type { LeaseRef, Settlement, SettleReply } from '../../src/ports/task-store.ts';
import { isRunning, type ModelLease, type ModelState, type ModelTask } from './state.ts';

interface Problem {
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
}
const NO_PROBLEM: Problem = { error: null, errorCode: null };

export function settle(state: ModelState, batch: readonly Settlement[]): SettleReply[] {
  return batch.map((settlement) => settleOne(state, settlement));
}

function settleOne(state: ModelState, settlement: Settlement): SettleReply {
  const { id, token, by, handler } = settlement;
  const task = state.tasks.get(id);
  if (!task) return { state: 'lease_lost' };
  if (by === 'holder' && task.settledToken === token) return { state: 'settled', status: task.status };
  if (!isRunning(task) || task.lease.token !== token) return { state: 'lease_lost' };
  const isOver = task.lease.endsAt <= state.now;
  if (isOver !== (by === 'sweeper')) return { state: 'lease_lost' };

  task.settledToken = by === 'holder' ? token : null;
  if (handler === 'running') leaveSlots(state, task);
  apply(state, task, task.cancelRequested ? { kind: 'cancel' } : settlement.outcome);
  return { state: 'settled', status: task.status };
}

function leaveSlots(state: ModelState, task: ModelTask & { lease: ModelLease }): void {
  const endsAt = Math.min(task.lease.endsAt, state.now + state.settings.semaphoreExpirationMs);
  state.drains.push({ id: task.spec.id, token: task.lease.token, task, workerId: task.workerId ?? '', endsAt });
}

function apply(state: ModelState, task: ModelTask, outcome: Outcome): void {
  task.lease = null;
  switch (outcome.kind) {
    case 'succeed':
      task.result = outcome.result;
      closeAttempt(state, task, 'success', NO_PROBLEM);
      return end(state, task, 'success', NO_PROBLEM);
    case 'fail':
      closeAttempt(state, task, outcome.attempt, outcome);
      return end(state, task, 'failed', outcome);
    case 'retry':
      closeAttempt(state, task, outcome.attempt, outcome);
      task.retry += 1;
      state.happened('retried');
      return waitAgain(state, task, outcome.delayMs, outcome);
    case 'release':
      closeAttempt(state, task, 'released', NO_PROBLEM);
      return waitAgain(state, task, 0, task);
    case 'recover': {
      const problem: Problem = { error: outcome.error, errorCode: 'worker_lost' };
      closeAttempt(state, task, 'lost', problem);
      task.recoveries += 1;
      return waitAgain(state, task, 0, problem);
    }
    case 'cancel': {
      const problem: Problem = { error: canceledMessage('while running', task.cancelReason), errorCode: 'canceled' };
      closeAttempt(state, task, 'canceled', problem);
      return end(state, task, 'canceled', problem);
    }
  }
}

function closeAttempt(state: ModelState, task: ModelTask, outcome: AttemptOutcome, problem: Problem): void {
  const attempt = task.attempts.at(-1);
  if (!attempt) throw new Error('a running task has an attempt');
  attempt.endedAt = state.now;
  attempt.outcome = outcome;
  attempt.error = problem.error;
  attempt.errorCode = problem.errorCode;
}

function waitAgain(state: ModelState, task: ModelTask, delayMs: number, { error, errorCode }: Problem): void {
  task.status = 'pending';
  task.dueAt = state.now + delayMs;
  task.promoted = delayMs === 0;
  task.error = error;
  task.errorCode = errorCode;
  state.changed(task);
}

/** Makes a task final, from wherever it was. */
export function end(state: ModelState, task: ModelTask, status: FinalStatus, { error, errorCode }: Problem): void {
  task.status = status;
  task.lease = null;
  task.error = error;
  task.errorCode = errorCode;
  task.completedAt = state.now;
  task.cancelRequested = false;
  task.cancelReason = null;
  state.happened(status);
  state.changed(task);
}

/** The handlers of these claims have stopped: their slots are free, unless the claim is the running one. */
export function release(state: ModelState, batch: readonly LeaseRef[]): void {
  state.drains = state.drains.filter(({ id, token }) => !batch.some((ref) => ref.id === id && ref.token === token));
}

// How a task of the model looks from outside.
import { LIMITS } from '../../src/domain/limits.ts';
import type { PendingReason, Task, TaskWithAttempts } from '../../src/domain/task.ts';
import { keysOf, type ModelState, type ModelTask } from './state.ts';

export function taskView(state: ModelState, task: ModelTask): Task {
  const { spec, status, retry, recoveries, progress, result, error, errorCode, workerId, cancelRequested } = task;
  const { version, createdAt, updatedAt, startedAt, completedAt } = task;
  return structuredClone({
    ...spec,
    status,
    pendingReason: status === 'pending' ? pendingReason(state, task) : null,
    retry,
    recoveries,
    attempt: task.attempts.length,
    progress,
    result,
    error,
    errorCode,
    workerId,
    cancelRequested,
    version,
    createdAt,
    updatedAt,
    startedAt,
    completedAt,
    runAt: task.dueAt,
  });
}

export function fullView(state: ModelState, task: ModelTask): TaskWithAttempts {
  return { ...taskView(state, task), attempts: structuredClone(task.attempts.slice(-LIMITS.attemptsKept)) };
}

/** The first that is true. */
function pendingReason(state: ModelState, task: ModelTask): PendingReason {
  if (task.dueAt > state.now) return task.retry > 0 ? 'retry_backoff' : 'scheduled';
  const keys = keysOf(task);
  if (keys.some((key) => state.operatorLimits.get(key) === 0)) return 'paused';
  const handled = [...state.nodes.values()].some(
    (node) => state.isLive(node) && !node.report.draining && !node.drain && node.report.types.includes(task.spec.type),
  );
  if (!handled) return 'no_handler';
  return state.admitted(task, state.occupied()) ? 'ready' : 'concurrency';
}

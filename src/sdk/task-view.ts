// Makes of the engine's tasks and changes what a program sees.
import type { Change, TaskDetailView, TaskView } from '../contract/task-view.ts';
import type { JsonText, Task, TaskWithAttempts } from '../domain/task.ts';
import type { TaskChange } from '../engine/engine.ts';

export function taskView(task: Task): TaskView {
  return {
    id: task.id,
    type: task.type,
    status: task.status,
    pendingReason: task.pendingReason,
    payload: JSON.parse(task.payload),
    payloadText: task.payload,
    priority: task.priority,
    maxRetry: task.maxRetry,
    retry: task.retry,
    retryStrategy: task.retryStrategy,
    queueTimeoutMs: task.queueTimeoutMs,
    processTimeoutMs: task.processTimeoutMs,
    concurrencyKey: task.concurrencyKey,
    maxConcurrency: task.maxConcurrency,
    tags: task.tags,
    parentId: task.parentId,
    progress: parsed(task.progress),
    result: parsed(task.result),
    resultText: task.result,
    error: task.error,
    errorCode: task.errorCode,
    workerId: task.workerId,
    cancelRequested: task.cancelRequested,
    version: task.version,
    createdAt: new Date(task.createdAt),
    updatedAt: new Date(task.updatedAt),
    startedAt: date(task.startedAt),
    completedAt: date(task.completedAt),
    runAt: new Date(task.runAt),
  };
}

export function taskDetailView(task: TaskWithAttempts): TaskDetailView {
  return {
    ...taskView(task),
    attempts: task.attempts.map((attempt) => ({
      ...attempt,
      startedAt: new Date(attempt.startedAt),
      endedAt: date(attempt.endedAt),
    })),
  };
}

function parsed(text: JsonText | null): unknown {
  return text === null ? null : JSON.parse(text);
}

function date(unixMs: number | null): Date | null {
  return unixMs === null ? null : new Date(unixMs);
}

export function changeView(change: TaskChange): Change {
  const of = change.kind === 'snapshot' ? { ...change.task, at: change.task.updatedAt } : change.event;
  return {
    status: of.status,
    version: of.version,
    at: new Date(of.at),
    retry: of.retry,
    workerId: of.workerId,
    progress: parsed(of.progress),
    error: of.error,
    cancelRequested: of.cancelRequested,
  };
}

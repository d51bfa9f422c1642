// The task that a submission has just become. Stores answer only what the caller cannot know: when, and why it waits.
import type { PendingReason, Task, TaskSpec } from './task.ts';

/** @param createdAt store time, Unix ms @param runAt when it is due, Unix ms */
export function acceptedTask(
  spec: TaskSpec,
  createdAt: number,
  runAt: number,
  pendingReason: PendingReason | null,
): Task {
  // Member by member: it is made for every task that comes in, and what is added to a spread is added one by one.
  return {
    id: spec.id,
    type: spec.type,
    payload: spec.payload,
    priority: spec.priority,
    maxRetry: spec.maxRetry,
    retryStrategy: spec.retryStrategy,
    queueTimeoutMs: spec.queueTimeoutMs,
    processTimeoutMs: spec.processTimeoutMs,
    concurrencyKey: spec.concurrencyKey,
    maxConcurrency: spec.maxConcurrency,
    limits: spec.limits,
    tags: spec.tags,
    parentId: spec.parentId,
    status: 'pending',
    pendingReason,
    retry: 0,
    recoveries: 0,
    attempt: 0,
    progress: null,
    result: null,
    error: null,
    errorCode: null,
    workerId: null,
    cancelRequested: false,
    version: 1,
    createdAt,
    updatedAt: createdAt,
    startedAt: null,
    completedAt: null,
    runAt,
  };
}

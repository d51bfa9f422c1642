// Makes of the server's texts what a program sees. Payload and result are also kept as text, digit for digit.
import type { AttemptView, Change, TaskDetailView, TaskView } from '../contract/task-view.ts';
import { elementsOf, membersOf } from '../protocol/json-slices.ts';
import type { TaskAnswer, TaskDetailAnswer } from '../protocol/schemas/task.ts';

/** @param text a `Task` or `TaskDetail` of the API description */
export function taskOf(text: string): TaskView {
  return viewOf(JSON.parse(text) as TaskAnswer, text, 0);
}

export function taskDetailOf(text: string): TaskDetailView {
  const wire = JSON.parse(text) as TaskDetailAnswer;
  return { ...viewOf(wire, text, 0), attempts: (wire.attempts ?? []).map(attemptOf) };
}

/** @param text a `TaskPage` */
export function taskPageOf(text: string): { readonly tasks: TaskView[]; readonly total: number } {
  const { tasks, total } = JSON.parse(text) as { tasks: TaskAnswer[]; total: number };
  const list = membersOf(text).find(({ name }) => name === 'tasks');
  const slices = list === undefined ? [] : elementsOf(text, list.start);
  return { tasks: tasks.map((task, i) => viewOf(task, text, slices[i]?.start ?? 0)), total };
}

function viewOf(wire: TaskAnswer, text: string, from: number): TaskView {
  const texts = new Map(membersOf(text, from).map(({ name, start, end }) => [name, text.slice(start, end)]));
  const { type, delay, factor, max_delay, jitter } = wire.retry_strategy;
  return {
    id: wire.id,
    type: wire.type,
    status: wire.status,
    pendingReason: wire.pending_reason,
    payload: wire.payload,
    payloadText: texts.get('payload') ?? 'null',
    priority: wire.priority,
    maxRetry: wire.max_retry,
    retry: wire.retry,
    retryStrategy: { type, delayMs: msOf(delay), factor, maxDelayMs: msOf(max_delay), jitter },
    queueTimeoutMs: msOf(wire.queue_timeout),
    processTimeoutMs: msOf(wire.process_timeout),
    concurrencyKey: wire.concurrency_key,
    maxConcurrency: wire.max_concurrency,
    tags: wire.tags,
    parentId: wire.parent_id,
    progress: wire.progress,
    result: wire.result,
    resultText: wire.status === 'success' ? (texts.get('result') ?? null) : null,
    error: wire.error,
    errorCode: wire.error_code,
    workerId: wire.worker_id,
    cancelRequested: wire.cancel_requested,
    version: wire.version,
    createdAt: new Date(wire.created_at),
    updatedAt: new Date(wire.updated_at),
    startedAt: dateOf(wire.started_at),
    completedAt: dateOf(wire.completed_at),
    runAt: new Date(wire.run_at),
  };
}

function attemptOf(wire: TaskDetailAnswer['attempts'][number]): AttemptView {
  return {
    attempt: wire.attempt,
    workerId: wire.worker_id,
    startedAt: new Date(wire.started_at),
    endedAt: dateOf(wire.ended_at),
    outcome: wire.outcome,
    error: wire.error,
    errorCode: wire.error_code,
  };
}

/** A message of the status or the progress topics, or of the events of one task. */
export interface Message {
  readonly task_id: string;
  readonly type: string;
  readonly version: number;
  readonly timestamp: string;
  /** Left out in messages of progress. */
  readonly status?: Change['status'];
  readonly retry?: number;
  readonly worker_id?: string;
  readonly error?: string;
  readonly progress?: unknown;
  readonly cancel_requested?: boolean;
}

export function changeOfTask(task: TaskView): Change {
  const { status, version, retry, workerId, progress, error, cancelRequested } = task;
  return { status, version, at: task.updatedAt, retry, workerId, progress, error, cancelRequested };
}

/** @param before a message of progress says nothing about the rest */
export function changeOfMessage(message: Message, before: Change): Change {
  const { version, status } = message;
  const at = new Date(message.timestamp);
  const progress = message.progress ?? null;
  if (status === undefined) return { ...before, version, at, progress };
  return {
    status,
    version,
    at,
    retry: message.retry ?? 0,
    workerId: message.worker_id ?? null,
    progress,
    error: message.error ?? null,
    cancelRequested: message.cancel_requested ?? false,
  };
}

function msOf(seconds: number): number {
  return Math.round(seconds * 1000);
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

// The part of a task that its handler sees.
import type { Task } from '../domain/task.ts';
import type { HandlerTask } from './handler.ts';

export function handlerTask(task: Task): HandlerTask {
  return {
    id: task.id,
    type: task.type,
    payload: JSON.parse(task.payload) as unknown,
    payloadText: task.payload,
    priority: task.priority,
    retry: task.retry,
    maxRetry: task.maxRetry,
    tags: task.tags,
    concurrencyKey: task.concurrencyKey,
    createdAt: new Date(task.createdAt),
  };
}

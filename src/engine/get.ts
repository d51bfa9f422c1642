// Reading one task. Concurrent reads travel together, and a task that many ask for at once is read once.
import { LIMITS } from '../domain/limits.ts';
import type { TaskWithAttempts } from '../domain/task.ts';
import type { TaskStore } from '../ports/task-store.ts';
import { Batcher } from './batcher.ts';

export type Get = (id: string) => Promise<TaskWithAttempts | null>;

export function createGet(store: Pick<TaskStore, 'get'>): Get {
  const batches = new Batcher<string, TaskWithAttempts | null>((ids) => readOnce(store, ids), LIMITS.batchMax);
  return (id) => batches.one(id);
}

async function readOnce(
  store: Pick<TaskStore, 'get'>,
  ids: readonly string[],
): Promise<readonly (TaskWithAttempts | null)[]> {
  if (ids.length === 1) return store.get(ids);
  const unique = [...new Set(ids)];
  const tasks = await store.get(unique);
  if (unique.length === ids.length) return tasks;
  const byId = new Map(unique.map((id, index) => [id, tasks[index] ?? null]));
  return ids.map((id) => byId.get(id) ?? null);
}

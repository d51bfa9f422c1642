// The explicit retry of a task that ended without success: pending again, with all its retries. Calls travel together.
import { LIMITS } from '../domain/limits.ts';
import type { ReviveReply, TaskStore } from '../ports/task-store.ts';
import { Batcher } from './batcher.ts';

export function createRevive(store: Pick<TaskStore, 'revive'>): (id: string) => Promise<ReviveReply> {
  const batches = new Batcher<string, ReviveReply>((ids) => store.revive(ids), LIMITS.batchMax);
  return (id) => batches.one(id);
}

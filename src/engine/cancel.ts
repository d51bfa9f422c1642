// Canceling: at once while the task waits, by request while it runs. Concurrent calls travel together.
import { LIMITS } from '../domain/limits.ts';
import type { CancelReply, CancelRequest, TaskStore } from '../ports/task-store.ts';
import { Batcher } from './batcher.ts';

export function createCancel(
  store: Pick<TaskStore, 'cancel'>,
): (id: string, options?: { readonly reason?: string }) => Promise<CancelReply> {
  const batches = new Batcher<CancelRequest, CancelReply>((batch) => store.cancel(batch), LIMITS.batchMax);
  return (id, { reason } = {}) => batches.one(reason === undefined ? { id } : { id, reason });
}

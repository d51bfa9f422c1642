// What clients may still do to a task: cancel it, or put an ended one back.
import type { Task } from '../../domain/task.ts';
import type { CancelReply, CancelRequest, ReviveReply } from '../../ports/task-store.ts';
import { text } from './calls.ts';
import { idBytes } from './ids.ts';
import type { RedisArg, RedisReply } from './link.ts';
import { inPages, PAGE, requestOfPage } from './pages.ts';
import type { Shard } from './shard.ts';
import { readTasks } from './views.ts';

const CANCELED = {
  c: 'canceled',
  q: 'cancel_requested',
  a: 'already_canceled',
  f: 'already_finished',
} as const;

export function cancel(shard: Shard, batch: readonly CancelRequest[], request: string): Promise<CancelReply[]> {
  return inPages(batch, PAGE.cancel, (page, number) => cancelPage(shard, page, requestOfPage(request, number)));
}

async function cancelPage(shard: Shard, batch: readonly CancelRequest[], request: string): Promise<CancelReply[]> {
  const wishes = batch.flatMap(({ id, reason = '' }): RedisArg[] => [idBytes(id), reason]);
  const { values } = await shard.step('cancel', { request, wishes });
  return answers(values, (letter, task) => {
    const state = CANCELED[letter as keyof typeof CANCELED];
    return state === undefined ? { state: 'not_found' } : { state, task };
  });
}

export function revive(shard: Shard, ids: readonly string[], request: string): Promise<ReviveReply[]> {
  return inPages(ids, PAGE.revive, (page, number) => revivePage(shard, page, requestOfPage(request, number)));
}

async function revivePage(shard: Shard, ids: readonly string[], request: string): Promise<ReviveReply[]> {
  const { values } = await shard.step('revive', { request, ids: ids.map(idBytes) });
  return answers(values, (letter, task) => {
    return { state: letter === 'v' ? 'revived' : 'not_retryable', task };
  });
}

function answers<Reply>(
  values: readonly RedisReply[],
  answer: (letter: string, task: Task) => Reply,
): (Reply | { readonly state: 'not_found' })[] {
  const found = readTasks(values[1]);
  let next = 0;
  return Array.from(text(values[0] ?? ''), (letter) => {
    const task = letter === '-' ? undefined : found[next++];
    return task ? answer(letter, task) : { state: 'not_found' };
  });
}

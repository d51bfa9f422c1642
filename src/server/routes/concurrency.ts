// Concurrency keys and the limits operators set for them.
import type { Static } from 'typebox';
import { OWN_LOCKS, readLockOwner } from '../../domain/lock-names.ts';
import type { Hold } from '../../ports/lock-store.ts';
import type { KeyState } from '../../ports/task-store.ts';
import { ConcurrencyKey } from '../../protocol/schemas/fields.ts';
import { ConcurrencyAnswer, LimitAnswer, LimitBody } from '../../protocol/schemas/operations.ts';
import { formatTimestamp } from '../../protocol/timestamps.ts';
import { validatorOf } from '../../protocol/validate.ts';
import { invalid, ok } from '../answer.ts';
import { route } from '../route.ts';

const tag = 'Concurrency';
const pathMembers = { key: ConcurrencyKey };
const limitBody = validatorOf(LimitBody);

export const listKeys = route({
  method: 'GET',
  path: '/api/v1/concurrency',
  scope: 'read',
  tag,
  summary: 'List concurrency keys',
  description:
    'Keys that have running or waiting tasks or an operator limit; `type:<type>` is the key of a type. Beside them the locks that are held.',
  answers: { 200: { description: 'All keys', schema: ConcurrencyAnswer } },
  async handle(_call, { engine, clock }) {
    const [keys, holds] = await Promise.all([engine.concurrency(), engine.locks.holds()]);
    const locks = holds.filter(({ key }) => !key.startsWith(OWN_LOCKS)).map((hold) => wireLock(hold, clock.now()));
    return ok({ keys: keys.map(wireKey), count: keys.length, locks });
  },
});

export const setLimit = route({
  method: 'PUT',
  path: '/api/v1/concurrency/{key}',
  scope: 'operate',
  tag,
  summary: 'Set the limit of a key',
  description: 'Wins over what tasks ask, from now on. 0 pauses the key. Running tasks are never evicted.',
  pathMembers,
  body: { schema: LimitBody },
  answers: { 200: { description: 'The limit in force', schema: LimitAnswer } },
  async handle({ path, body }, { engine }) {
    const given: unknown = body?.value;
    if (!limitBody.check(given)) return invalid(limitBody.faults(given));
    const max = given.max_concurrency + 0;
    await engine.setLimit(path.key, max);
    return ok({ key: path.key, max_concurrency: max });
  },
});

export const removeLimit = route({
  method: 'DELETE',
  path: '/api/v1/concurrency/{key}',
  scope: 'operate',
  tag,
  summary: 'Take the limit of a key away',
  description: 'What tasks ask for themselves counts again. Harmless when there is no limit.',
  pathMembers,
  answers: { 200: { description: 'There is no limit any more', schema: LimitAnswer } },
  async handle({ path }, { engine }) {
    await engine.setLimit(path.key, null);
    return ok({ key: path.key, max_concurrency: null });
  },
});

function wireLock({ key, owner, fence, remainingMs }: Hold, now: number): ConcurrencyAnswer['locks'][number] {
  const { nodeId, taskId } = readLockOwner(owner);
  const expires_at = formatTimestamp(Math.round(now + remainingMs));
  return { key, worker_id: nodeId, task_id: taskId, fence, expires_at };
}

function wireKey(state: KeyState): Static<typeof ConcurrencyAnswer>['keys'][number] {
  return {
    key: state.key,
    limit: state.limit,
    limit_source: state.limitSource,
    running: state.running,
    waiting: state.waiting,
    holders: state.holders.map(({ taskId, workerId, expiresAt }) => ({
      task_id: taskId,
      worker_id: workerId,
      expires_at: formatTimestamp(expiresAt),
    })),
  };
}

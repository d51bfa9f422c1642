// Tasks that are claimed once and succeed are noted in arrays beside their records: whoever looks at them must not notice.
import assert from 'node:assert/strict';
import { after, beforeEach, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { shardKeys } from '../../src/adapters/redis/keys.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Claimed, Submission } from '../../src/ports/task-store.ts';
import { aSubmission, fail, HOUR, release, SETTINGS, succeed } from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';

const server = await RedisServer.start();
let now = 1_767_225_600_000;
const open = (): Promise<RedisStore> =>
  openRedisStore({ addr: server.addr, settings: SETTINGS, clock: systemClock, storeTime: () => now });
const [one, other] = [await open(), await open()];
const { names } = shardKeys('xqueue', 0);
const LARGE = JSON.stringify('x'.repeat(3000));
let claims = 0;

after(async () => {
  await one.close();
  await other.close();
  await server.stop();
});

beforeEach(async () => {
  await server.command('FLUSHALL');
});

function claim(store: RedisStore, nodeId: string, count: number): Promise<Claimed[]> {
  claims += 1;
  return store.claim({ requestId: `c${claims}`, nodeId, types: ['mail', 'image'], count });
}

async function settle(store: RedisStore, claimed: readonly Claimed[], outcomeOf: (index: number) => Outcome) {
  const batch = claimed.map(({ lease: { id, token } }, index) => {
    return { id, token, outcome: outcomeOf(index), handler: 'ended', by: 'holder' } as const;
  });
  const replies = await store.settle(batch);
  return replies.map((reply) => (reply.state === 'settled' ? reply.status : reply.state));
}

/** Plain ones, some with a payload of their own, tags, keys, types: in turn. */
const someTasks = (count: number): Submission[] =>
  Array.from({ length: count }, (_, n) =>
    aSubmission({
      type: n % 4 === 3 ? 'image' : 'mail',
      payload: n % 5 === 0 ? LARGE : `{"n":${n}}`,
      tags: n % 3 === 0 ? ['a'] : [],
      ...(n % 7 === 0 ? { key: `k${n}` } : {}),
    }),
  );

async function allOf(store: RedisStore, submitted: readonly Submission[]) {
  return (await store.get(submitted.map(({ spec }) => spec.id))).map((task) => {
    assert.ok(task);
    return task;
  });
}

it('each is shown with its worker, its outcome and its values, whoever claimed and whoever settled it', async () => {
  const submitted = someTasks(600);
  await one.submit(submitted);
  const [mine, his] = [await claim(one, 'node-1', 200), await claim(other, 'node-2', 200)];
  const worker = new Map([
    ...mine.map(({ task: { id } }) => [id, 'node-1'] as const),
    ...his.map(({ task: { id } }) => [id, 'node-2'] as const),
  ]);
  assert.equal(worker.size, 400);
  now += 10;
  for (const task of await allOf(other, submitted)) {
    assert.equal(task.workerId, worker.get(task.id) ?? null);
    assert.equal(task.status, worker.has(task.id) ? 'processing' : 'pending');
    assert.deepEqual([task.version, task.attempt], worker.has(task.id) ? [2, 1] : [1, 0]);
  }
  const outcomeOf = (index: number): Outcome =>
    [succeed(), succeed('{"ok":true}'), succeed(), fail()][index % 4] as Outcome;
  const expected = (index: number): string => (index % 4 === 3 ? 'failed' : 'success');
  // Not in the order of their numbers; the second store knows nothing of what the first one claimed.
  const mixed = mine.toSorted((a, b) => (a.task.id < b.task.id ? -1 : 1));
  assert.deepEqual(
    await settle(one, mixed.slice(0, 100), outcomeOf),
    mixed.slice(0, 100).map((_, n) => expected(n)),
  );
  assert.deepEqual(
    await settle(other, mixed.slice(100), outcomeOf),
    mixed.slice(100).map((_, n) => expected(n)),
  );
  assert.deepEqual(
    await settle(other, his, outcomeOf),
    his.map((_, n) => expected(n)),
  );
  const ended = new Map([...mixed.slice(0, 100), ...mixed.slice(100), ...his].map(({ task }, n) => [task.id, n % 4]));
  const payloads = new Map(submitted.map(({ spec }) => [spec.id, spec.payload]));
  for (const task of await allOf(one, submitted)) {
    const kind = ended.get(task.id);
    assert.equal(task.payload, payloads.get(task.id));
    assert.equal(task.workerId, worker.get(task.id) ?? null);
    assert.equal(task.status, kind === undefined ? 'pending' : kind === 3 ? 'failed' : 'success');
    assert.equal(task.result, kind === 1 ? '{"ok":true}' : null);
    if (kind === undefined) continue;
    assert.deepEqual([task.version, task.attempt], [3, 1]);
    assert.deepEqual([task.startedAt, task.completedAt, task.updatedAt], [now - 10, now, now]);
  }
  assert.deepEqual(await one.audit('report'), []);
});

it('a settlement that is sent again gets the same answer, and one that comes too late is refused', async () => {
  await one.submit(someTasks(4));
  const [late, twice] = (await claim(one, 'node-1', 2)) as [Claimed, Claimed];
  const again = {
    id: twice.lease.id,
    token: twice.lease.token,
    outcome: succeed(),
    handler: 'ended',
    by: 'holder',
  } as const;
  assert.deepEqual(await one.settle([again]), [{ state: 'settled', status: 'success' }]);
  assert.deepEqual(await one.settle([again]), [{ state: 'settled', status: 'success' }]);
  now += SETTINGS.leaseMs;
  const over = await other.lostLeases(10);
  assert.deepEqual(
    over.map(({ id, workerId }) => [id, workerId]),
    [[late.task.id, 'node-1']],
  );
  await other.settle(over.map(({ id, token }) => ({ id, token, outcome: release, handler: 'ended', by: 'sweeper' })));
  assert.deepEqual(await settle(one, [late], () => succeed()), ['lease_lost']);
  const claimedAgain = (await claim(other, 'node-2', 4)).find(({ task }) => task.id === late.task.id);
  assert.equal(claimedAgain?.task.attempt, 2);
  assert.deepEqual(await settle(one, [late], () => succeed()), ['lease_lost']);
  assert.deepEqual(await settle(other, [claimedAgain], () => succeed()), ['success']);
  assert.deepEqual(await one.audit('report'), []);
});

it('a task that waits for long does not keep what the others of its piece needed', async () => {
  const waits = aSubmission({ due: { afterMs: 2 * SETTINGS.retentionMs } });
  await one.submit([...someTasks(30), waits]);
  const claimed = await claim(one, 'node-1', 100);
  await settle(one, claimed, () => succeed());
  const kept = (): Promise<unknown> => server.command('EXISTS', `${names.firsts}0`, `${names.firstWorkers}0`);
  assert.equal(await kept(), 2);
  now += SETTINGS.retentionMs + HOUR;
  while ((await one.purge(100)).purged > 0);
  assert.equal(await kept(), 0);
  now += SETTINGS.retentionMs;
  const last = await claim(one, 'node-3', 1);
  assert.equal(last[0]?.task.id, waits.spec.id);
  assert.deepEqual(await settle(one, last, () => succeed()), ['success']);
  assert.equal((await allOf(other, [waits]))[0]?.workerId, 'node-3');
  assert.deepEqual(await one.audit('report'), []);
});

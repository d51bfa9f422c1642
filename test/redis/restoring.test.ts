// Tasks that the store has lost and that somebody else still knows: they come back as they were, once, and the places that
// name them agree with them.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import { isFinal, type TaskWithAttempts } from '../../src/domain/task.ts';
import type { LostTask } from '../../src/ports/task-restore.ts';
import type { Submission } from '../../src/ports/task-store.ts';
import { aSubmission, DAY, MINUTE, nextUuid, SECOND, SETTINGS, succeed } from '../conformance/builders.ts';
import { allTasks, checkInvariants } from '../conformance/invariants.ts';
import { allEvents } from '../faults/audit.ts';
import { RedisServer } from '../redis-server.ts';

const server = await RedisServer.start();
after(() => server.stop());

let now = 1_767_225_600_000;
let stores = 0;

async function open(): Promise<RedisStore & AsyncDisposable> {
  const options = { addr: server.addr, settings: SETTINGS, clock: systemClock, storeTime: () => now };
  const store = await openRedisStore({ ...options, keyPrefix: `restore${++stores}` });
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

async function claim(store: RedisStore, count = 1) {
  const claimed = await store.claim({ requestId: nextUuid(), nodeId: 'n1', types: ['mail'], count });
  return claimed.map(({ lease: { id, token } }) => ({ id, token }));
}

type Settlements = Parameters<RedisStore['settle']>[0];

async function settle(store: RedisStore, outcome: Settlements[number]['outcome'], count = 1): Promise<void> {
  const refs = await claim(store, count);
  const replies = await store.settle(refs.map((ref) => ({ ...ref, outcome, handler: 'ended', by: 'holder' })));
  assert.equal(replies.filter(({ state }) => state === 'settled').length, count);
  now += 10;
}

const failure = { kind: 'fail', error: 'broken', errorCode: 'handler_error', attempt: 'failed' } as const;
const again = { ...failure, kind: 'retry', delayMs: 5000 } as const;

/** What a log would know of a task: what was asked for, and the newest it was told. */
function asLost(submission: Submission, task: TaskWithAttempts): LostTask {
  const { attempts, updatedAt: at, createdAt, ...rest } = task;
  const ended = attempts.filter(({ outcome }) => outcome !== null && outcome !== 'success');
  return { submission, createdAt, last: { ...rest, at, attempts: ended } };
}

/** One task in each state it can be in. */
async function everyState(store: RedisStore): Promise<LostTask[]> {
  const long = JSON.stringify('x'.repeat(1100));
  const wishes: Submission[] = [];
  const add = async (wish: Parameters<typeof aSubmission>[0] = {}) => {
    const submission = aSubmission(wish);
    wishes.push(submission);
    await store.submit([submission]);
    return submission.spec.id;
  };
  await add({ tags: ['a', 'b'], payload: long });
  await settle(store, { kind: 'succeed', result: long });
  await add({ key: 'door', max: 1 });
  await settle(store, failure);
  await add();
  await settle(store, again);
  const running = await add({ key: 'door', max: 1, priority: 5 });
  const [lease] = await claim(store);
  assert.equal(lease?.id, running);
  await store.progress([{ ...lease, progress: '{"progress":50}' }]);
  await store.cancel([{ id: await add(), reason: 'no longer wanted' }]);
  await add({ queueTimeoutMs: 20 });
  now += 30;
  await store.sweepTimers(100);
  await add({ due: { at: now + MINUTE } });
  await add({ queueTimeoutMs: 2 * MINUTE, idempotency: { key: 'k1', fingerprint: 'f' } });
  await settle(store, { kind: 'release' });
  const tasks = await store.get(wishes.map(({ spec }) => spec.id));
  return wishes.map((submission, index) => {
    const task = tasks[index];
    assert.ok(task);
    return asLost(submission, task);
  });
}

const statuses = async (store: RedisStore): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { status } of await allTasks(store)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

async function isSound(store: RedisStore): Promise<void> {
  await checkInvariants(store, await allEvents(store), 'partial');
}

void describe('an empty store', () => {
  void it('gets every task back: what was final is as it was, the rest waits', async () => {
    await using before = await open();
    const lost = await everyState(before);
    const were = await allTasks(before);
    now += MINUTE / 2;
    await using store = await open();
    assert.deepEqual(new Set(await store.restorer.restore(lost, 'apply')), new Set(['restored']));
    const are = await allTasks(store);
    assert.equal(are.length, were.length);
    for (const [index, was] of were.entries()) {
      const is = are[index];
      assert.ok(is);
      if (isFinal(was.status)) assert.deepEqual(is, was);
      else {
        const { id, payload, tags, retry, createdAt, priority } = was;
        assert.deepEqual({ ...is, id, payload, tags, retry, createdAt, priority, status: 'pending' }, is);
      }
    }
    const running = lost.find(({ last }) => last?.status === 'processing');
    const [back] = await store.get([running?.submission.spec.id ?? '']);
    assert.equal(back?.version, (running?.last?.version ?? 0) + 1);
    assert.deepEqual(
      back?.attempts.map(({ outcome }) => outcome),
      ['released'],
    );
    await isSound(store);
  });

  void it('runs what waits to its end, in the old order, and forgets everything in time', async () => {
    await using before = await open();
    const lost = await everyState(before);
    await using store = await open();
    await store.restorer.restore(lost, 'apply');
    now += MINUTE;
    const claimed = await claim(store, 10);
    const waiting = lost.filter(({ last }) => last !== null && !isFinal(last.status));
    assert.equal(claimed.length, waiting.length);
    assert.equal(claimed[0]?.id, waiting.find(({ submission }) => submission.spec.priority === 5)?.submission.spec.id);
    await store.settle(claimed.map((ref) => ({ ...ref, outcome: succeed(), handler: 'ended', by: 'holder' })));
    assert.equal((await statuses(store))['pending'], undefined);
    await isSound(store);
    now += 8 * DAY;
    while ((await store.purge(100)).nextMs === 0);
    assert.deepEqual(await allTasks(store), []);
    await isSound(store);
  });

  void it('knows idempotency keys again, as long as they would have been known', async () => {
    await using before = await open();
    const lost = await everyState(before);
    const named = lost.at(-1);
    await using store = await open();
    await store.restorer.restore(lost, 'apply');
    const same = { idempotency: { key: 'k1', fingerprint: 'f' } };
    const [reply] = await store.submit([aSubmission(same)]);
    assert.equal(reply?.state, 'replayed');
    assert.equal(reply.task.id, named?.submission.spec.id);
    now += DAY;
    const [later] = await store.submit([aSubmission(same)]);
    assert.equal(later?.state, 'created');
  });

  void it('takes in the first of two tasks of one key of which nothing else is known', async () => {
    await using store = await open();
    const wish = { idempotency: { key: 'twice', fingerprint: 'f' } };
    const [one, two, three] = [1, 2, 3].map(() => ({ submission: aSubmission(wish), createdAt: now, last: null }));
    assert.ok(one && two && three);
    assert.deepEqual(await store.restorer.restore([one, two], 'apply'), ['restored', 'replayed']);
    assert.deepEqual(await store.restorer.restore([three], 'apply'), ['replayed']);
    await isSound(store);
  });

  void it('never takes a lease from before for one that was given after', async () => {
    await using before = await open();
    const lost = await everyState(before);
    const stale = await claim(before, 5);
    await using store = await open();
    await store.restorer.restore(lost, 'apply');
    now += MINUTE;
    await claim(store, 10);
    const replies = await store.settle(
      stale.map((ref) => ({ ...ref, outcome: failure, handler: 'ended', by: 'holder' })),
    );
    assert.ok(stale.length > 0 && replies.every(({ state }) => state === 'lease_lost'));
  });
});

void describe('a store that has gone back in time', () => {
  void it('is corrected where the log knows more, wherever the task is now', async () => {
    await using store = await open();
    const submissions = Array.from({ length: 12 }, () => aSubmission({ key: 'door', max: 4, queueTimeoutMs: DAY }));
    await store.submit(submissions);
    await settle(store, failure, 2);
    await claim(store, 2);
    const known = await allTasks(store);
    // Of each kind there is now (final, running, waiting) the log knows one as final and one as waiting again.
    const lost = submissions.slice(0, 6).map((submission, index): LostTask => {
      const task = known[index];
      assert.ok(task);
      const ended = { ...task, status: 'success', result: '{"n":1}', completedAt: now, error: null, errorCode: null };
      const waits = { ...task, status: 'pending', result: null, completedAt: null, error: null, errorCode: null };
      const last = { ...(index % 2 === 0 ? ended : waits), version: task.version + 4, workerId: 'n2', updatedAt: now };
      if (last.attempt === 0 && index % 2 === 0) Object.assign(last, { attempt: 1, startedAt: now });
      return asLost(submission, last as TaskWithAttempts);
    });
    const beforeThat = await statuses(store);
    assert.deepEqual(new Set(await store.restorer.restore(lost, 'report')), new Set(['corrected']));
    assert.deepEqual(await statuses(store), beforeThat, 'a report changes nothing');
    assert.deepEqual(new Set(await store.restorer.restore(lost, 'apply')), new Set(['corrected']));
    assert.deepEqual(await statuses(store), { success: 3, pending: 9 });
    assert.deepEqual(await store.audit('report'), []);
    assert.deepEqual(new Set(await store.restorer.restore(lost, 'apply')), new Set(['there']));
    // All four slots of the key are free again.
    assert.equal((await claim(store, 20)).length, 4);
  });

  void it('keeps what it knows better', async () => {
    await using store = await open();
    const submission = aSubmission();
    await store.submit([submission]);
    const [early] = await allTasks(store);
    assert.ok(early);
    await settle(store, succeed());
    const were = await allTasks(store);
    assert.deepEqual(await store.restorer.restore([asLost(submission, early)], 'apply'), ['there']);
    assert.deepEqual(await store.restorer.restore([{ submission, createdAt: now, last: null }], 'apply'), ['there']);
    assert.deepEqual(await allTasks(store), were);
  });
});

void it('a report says what would come back, and leaves the store as it is', async () => {
  await using before = await open();
  const lost = await everyState(before);
  await using store = await open();
  const twice = [...lost, ...lost];
  const replies = await store.restorer.restore(twice, 'report');
  assert.deepEqual(replies, [...lost.map(() => 'restored'), ...lost.map(() => 'there')]);
  assert.deepEqual(await allTasks(store), []);
  now += SECOND;
});

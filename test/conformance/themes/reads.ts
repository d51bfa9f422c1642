// Looking at the whole: lists, numbers, keys and nodes are what one would count by hand.
import assert from 'node:assert/strict';
import { typeKey } from '../../../src/domain/concurrency.ts';
import { STATUSES, type TaskWithAttempts } from '../../../src/domain/task.ts';
import type { ListQuery } from '../../../src/ports/task-store.ts';
import { aNode, cancelOutcome, fail, HOUR, MINUTE, nextUuid, retryIn, SECOND, succeed } from '../builders.ts';
import { type Fixture, idOf, only } from '../fixture.ts';
import { allTasks } from '../invariants.ts';
import type { Suite } from '../suite.ts';

export function reads({ describe, test }: Suite): void {
  describe('list', () => {
    test('every filter, page and total is what a walk through all tasks finds', async (s) => {
      await aMixture(s);
      const all = await allTasks(s.store);
      for (const status of [undefined, ...STATUSES])
        for (const type of [undefined, 'mail', 'image', 'nobody'])
          for (const tag of [undefined, 'red', 'nowhere'])
            for (const concurrencyKey of [undefined, 'user-1', 'nowhere'])
              for (const parentId of concurrencyKey === 'nowhere' ? [undefined] : [undefined, PARENT]) {
                const filter = defined({ status, type, tag, concurrencyKey, parentId });
                await comparePages(s, filter, all.filter((task) => fits(task, filter)).map(idOf));
              }
    });

    test('goes through everything once, page by page, in both orders', async (s) => {
      const tasks = await s.submitMany(25);
      for (const order of ['asc', 'desc'] as const) {
        const seen: string[] = [];
        for (let offset = 0; offset < 25; offset += 7) {
          const page = await s.store.list({ limit: 7, offset, order });
          assert.equal(page.total, 25);
          seen.push(...page.tasks.map(idOf));
        }
        const expected = tasks.map(idOf);
        assert.deepEqual(seen, order === 'asc' ? expected : expected.reverse());
      }
    });

    test('is in order of acceptance, whatever priority, ids and later changes say', async (s) => {
      const tasks = await s.submitMany(5, (n) => ({ priority: n === 3 ? 9 : -n, type: n % 2 ? 'a' : 'b' }));
      await s.cancel(tasks[1] ?? { id: '' });
      await s.revive(tasks[1] ?? { id: '' });
      const page = await s.store.list({ limit: 10, offset: 0, order: 'asc' });
      assert.deepEqual(page.tasks.map(idOf), tasks.map(idOf));
    });

    test('shows each task as get does, without the attempts', async (s) => {
      await aMixture(s);
      const { tasks } = await s.store.list({ limit: 1000, offset: 0, order: 'asc' });
      for (const task of tasks) {
        const { attempts: _, ...same } = await s.task(task);
        assert.deepEqual(task, same);
      }
    });

    test('beyond the end is empty and still knows the total', async (s) => {
      await s.submitMany(3);
      assert.deepEqual(await s.store.list({ limit: 10, offset: 3, order: 'asc' }), { tasks: [], total: 3 });
      assert.deepEqual(await s.store.list({ limit: 10, offset: 99, order: 'desc' }), { tasks: [], total: 3 });
    });

    test('finds what was asked for as concurrency_key, not what strategies added', async (s) => {
      await s.submit({ limits: [{ key: 'added', max: 1 }] });
      const { total } = await s.store.list({ concurrencyKey: 'added', limit: 10, offset: 0, order: 'asc' });
      assert.equal(total, 0);
    });

    test('knows the children of a task, whether or not it is kept', async (s) => {
      const parent = await s.submit();
      const [child, other] = [await s.submit({ parentId: parent.id }), await s.submit({ parentId: nextUuid() })];
      assert.deepEqual([parent.parentId, child.parentId], [null, parent.id]);
      assert.equal((await s.task(child)).parentId, parent.id);
      const children = async (parentId: string) =>
        (await s.store.list({ parentId, limit: 10, offset: 0, order: 'asc' })).tasks.map(idOf);
      assert.deepEqual(await children(parent.id), [child.id]);
      assert.deepEqual(await children(other.parentId ?? ''), [other.id]);
      assert.deepEqual(await children(child.id), []);
      await s.cancel(parent);
      await s.clock.advance(s.settings.retentionMs);
      await s.store.purge(10);
      assert.deepEqual(await children(parent.id), [child.id]);
      await s.cancel(child);
      await s.clock.advance(s.settings.retentionMs);
      await s.store.purge(10);
      assert.deepEqual(await children(parent.id), []);
    });

    test('keeps the parent of a child that is claimed, retried and ended', async (s) => {
      const parentId = nextUuid();
      const running = await s.running({ parentId, tags: ['x'] });
      assert.equal(running.task.parentId, parentId);
      await s.settle(running, retryIn(0));
      await s.settle(await s.claimOne(), succeed('1'));
      assert.equal((await s.task(running.task)).parentId, parentId);
      const page = await s.store.list({ parentId, tag: 'x', status: 'success', limit: 10, offset: 0, order: 'asc' });
      assert.deepEqual([page.total, page.tasks.map(idOf)], [1, [running.task.id]]);
    });

    test('knows a tag that comes twice once', async (s) => {
      await s.submit({ tags: ['x', 'x'] });
      const page = await s.store.list({ tag: 'x', limit: 10, offset: 0, order: 'asc' });
      assert.deepEqual([page.total, page.tasks.length], [1, 1]);
      assert.deepEqual(page.tasks[0]?.tags, ['x', 'x']);
    });
  });

  describe('stats', () => {
    test('of an empty store are empty', async (s) => {
      assert.deepEqual(await s.store.stats(), { types: {}, accepted: 0, purged: 0, minutes: [] });
    });

    test('count each status of each type, and how long the longest has waited', async (s) => {
      await s.submitMany(3, { type: 'a' });
      await s.clock.advance(5 * SECOND);
      await s.submitMany(2, { type: 'a', due: { afterMs: HOUR } });
      const done = await s.running({ type: 'b', priority: 1 });
      await s.settle(done, succeed());
      const counts = { pending: 0, processing: 0, success: 0, failed: 0, canceled: 0, timeout: 0 };
      const { types, accepted, purged } = await s.store.stats();
      assert.deepEqual(types, {
        a: { ...counts, pending: 5, oldestPendingMs: 5 * SECOND, demand: 3 },
        b: { ...counts, success: 1, oldestPendingMs: 0, demand: 0 },
      });
      assert.deepEqual([accepted, purged], [6, 0]);
    });

    test('demand is what runs and what could run: not what waits behind a full or paused key', async (s) => {
      await s.submitMany(4, { key: 'k', max: 2 });
      await s.submitMany(3, { key: 'idle', max: 9 });
      await s.store.setLimit('stopped', 0);
      await s.submitMany(5, { key: 'stopped' });
      await s.submitMany(5, { due: { afterMs: HOUR } });
      const demand = async () => (await s.store.stats()).types.mail?.demand;
      assert.equal(await demand(), 7);
      const running = await s.claim(2);
      assert.equal(await demand(), 2 + 3, 'two run, two more are blocked');
      await s.settle(running[0] ?? only([]), succeed());
      assert.equal(await demand(), 1 + 2 + 3);
    });

    test('keep what happened in each minute', async (s) => {
      const at = s.clock.now();
      const first = await s.running();
      await s.settle(first, retryIn(0));
      await s.clock.advance(2 * MINUTE);
      await s.settle(await s.claimOne(), succeed());
      await s.cancel(await s.submit());
      const none = { submitted: 0, started: 0, retried: 0, success: 0, failed: 0, canceled: 0, timeout: 0 };
      assert.deepEqual((await s.store.stats()).minutes, [
        { ...none, at, submitted: 1, started: 1, retried: 1 },
        { ...none, at: at + 2 * MINUTE, submitted: 1, started: 1, success: 1, canceled: 1 },
      ]);
    });

    test('forget minutes older than an hour', async (s) => {
      await s.submit();
      await s.clock.advance(59 * MINUTE);
      assert.equal((await s.store.stats()).minutes.length, 1);
      await s.clock.advance(MINUTE);
      assert.equal((await s.store.stats()).minutes.length, 0);
    });

    test('count neither a recovery nor a released task as a retry', async (s) => {
      await s.settle(await s.running(), { kind: 'release' });
      assert.equal((await s.store.stats()).minutes[0]?.retried, 0);
    });
  });

  describe('concurrency', () => {
    test('lists each key that somebody names or an operator limits, sorted, with its holders', async (s) => {
      await s.submitMany(3, { key: 'b', max: 2 });
      await s.store.setLimit('a', 7);
      const running = await s.claim(2);
      const holders = running.map(({ task, lease }) => ({
        taskId: task.id,
        workerId: 'node-1',
        expiresAt: lease.expiresAt,
      }));
      assert.deepEqual(await s.store.concurrency(), [
        { key: 'a', limit: 7, limitSource: 'operator', running: 0, waiting: 0, holders: [] },
        { key: 'b', limit: 2, limitSource: 'task', running: 2, waiting: 1, holders },
      ]);
    });

    test('forgets a key nobody names any more', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.settle(running, succeed());
      assert.deepEqual(await s.store.concurrency(), []);
    });

    test('says the largest maximum of those who wait or run, and the operator limit instead', async (s) => {
      await s.submit({ key: 'k', max: 2 });
      await s.submit({ key: 'k', max: 5 });
      assert.equal(only(await s.store.concurrency()).limit, 5);
      await s.store.setLimit('k', 1);
      const state = only(await s.store.concurrency());
      assert.deepEqual([state.limit, state.limitSource], [1, 'operator']);
    });

    test('moves the end of a holder with its heartbeat', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.clock.advance(60 * SECOND);
      await s.heartbeat(running);
      const end = only(only(await s.store.concurrency()).holders).expiresAt;
      assert.equal(end, s.clock.now() + s.settings.leaseMs);
    });

    test('drops a holder the instant its lease is over', async (s) => {
      await s.running({ key: 'k' });
      await s.submit({ key: 'k' });
      await s.clock.advance(s.settings.leaseMs);
      const state = only(await s.store.concurrency());
      assert.deepEqual([state.running, state.waiting, state.holders], [0, 1, []]);
    });

    test('shows a handler that drains until it has stopped', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.settle(running, cancelOutcome, { handler: 'running' });
      const { running: count, holders } = only(await s.store.concurrency());
      assert.deepEqual([count, holders.map(({ taskId }) => taskId)], [1, [running.task.id]]);
      await s.release(running);
      assert.deepEqual(await s.store.concurrency(), []);
    });

    test('shows a type once an operator limits it, with all its tasks', async (s) => {
      await s.submitMany(3);
      await s.claimOne();
      assert.deepEqual(await s.store.concurrency(), []);
      await s.store.setLimit(typeKey('mail'), 1);
      const { limit, running, waiting, holders } = only(await s.store.concurrency());
      assert.deepEqual([limit, running, waiting, holders.length], [1, 1, 2, 1]);
    });

    test('without an operator limit counts for a type only those that name it', async (s) => {
      await s.submitMany(2);
      await s.claim(1);
      const named = { concurrencyKey: null, maxConcurrency: 4, limits: [{ key: typeKey('mail'), max: 4 }] };
      await s.submit(named);
      const { limit, limitSource, running, waiting } = only(await s.store.concurrency());
      assert.deepEqual([limit, limitSource, running, waiting], [4, 'task', 0, 1]);
    });

    test('does not count delayed tasks as waiting', async (s) => {
      await s.submit({ key: 'k', due: { afterMs: SECOND } });
      assert.deepEqual(await s.store.concurrency(), []);
      await s.clock.advance(SECOND);
      assert.equal(only(await s.store.concurrency()).waiting, 1);
    });
  });

  describe('audit', () => {
    for (const mode of ['report', 'repair'] as const) {
      test(`finds nothing in a sound store and changes nothing: ${mode}`, async (s) => {
        await aMixture(s);
        const before = await allTasks(s.store);
        assert.deepEqual(await s.store.audit(mode), []);
        assert.deepEqual(await allTasks(s.store), before);
        assert.deepEqual(await s.store.audit(mode), []);
      });
    }
  });

  describe('nodes', () => {
    test('are what they last reported, live for one lease after they were heard of', async (s) => {
      const report = aNode({ id: 'n', types: ['a', 'b'], running: 3 });
      await s.store.reportNode(aNode({ id: 'n', running: 1 }));
      await s.store.reportNode(report);
      const lastHeartbeatAt = s.clock.now();
      assert.deepEqual(await s.store.nodes(), [{ ...report, drainAsked: false, lastHeartbeatAt, live: true }]);
      await s.clock.advance(s.settings.leaseMs - 1);
      assert.equal(only(await s.store.nodes()).live, true);
      await s.clock.advance(1);
      assert.equal(only(await s.store.nodes()).live, false);
    });

    test('are gone when they say so', async (s) => {
      await s.store.reportNode(aNode({ id: 'a' }));
      await s.store.reportNode(aNode({ id: 'b' }));
      await s.store.forgetNode('a');
      await s.store.forgetNode('nobody');
      assert.deepEqual((await s.store.nodes()).map(idOf), ['b']);
    });

    test('that drain stay in the list and handle nothing', async (s) => {
      await s.store.reportNode(aNode({ draining: true }));
      assert.equal(only(await s.store.nodes()).draining, true);
      assert.equal((await s.submit()).pendingReason, 'no_handler');
    });
  });
}

const PARENT = nextUuid();

/** Tasks of several types, keys, tags, with and without a parent, and in every status. */
async function aMixture(s: Fixture): Promise<void> {
  await s.submitMany(60, (n) => ({
    type: ['mail', 'image', 'video'][n % 3] ?? 'mail',
    tags: n % 2 ? ['red', `n${n % 5}`] : [],
    parentId: n % 5 < 2 ? PARENT : null,
    ...(n % 4 ? { key: `user-${n % 7}`, max: 2 } : {}),
    ...(n % 11 === 0 ? { queueTimeoutMs: SECOND } : {}),
    ...(n % 13 === 0 ? { due: { afterMs: HOUR } } : {}),
  }));
  const running = await s.claim(24, { types: ['mail', 'image', 'video'] });
  for (const [n, claimed] of running.entries()) {
    if (n % 6 === 0) await s.settle(claimed, succeed(String(n)));
    else if (n % 6 === 1) await s.settle(claimed, fail());
    else if (n % 6 === 2) await s.settle(claimed, retryIn(MINUTE));
    else if (n % 6 === 3) await s.cancel(claimed.task);
    else if (n % 6 === 4) await s.settle(claimed, cancelOutcome);
  }
  await s.clock.advance(SECOND);
}

type Filter = Partial<Pick<ListQuery, 'status' | 'type' | 'tag' | 'concurrencyKey' | 'parentId'>>;

function fits(task: TaskWithAttempts, { status, type, tag, concurrencyKey, parentId }: Filter): boolean {
  return (
    (status ?? task.status) === task.status &&
    (type ?? task.type) === task.type &&
    (tag === undefined || task.tags.includes(tag)) &&
    (concurrencyKey === undefined || task.concurrencyKey === concurrencyKey) &&
    (parentId === undefined || task.parentId === parentId)
  );
}

async function comparePages(s: Fixture, filter: Filter, expected: readonly string[]): Promise<void> {
  for (const [limit, offset] of [
    [1000, 0],
    [3, 0],
    [3, 2],
    [5, Math.max(0, expected.length - 4)],
  ] as const) {
    for (const order of ['asc', 'desc'] as const) {
      const page = await s.store.list({ ...filter, limit, offset, order });
      const inOrder = order === 'asc' ? [...expected] : [...expected].reverse();
      const what = JSON.stringify({ filter, limit, offset, order });
      assert.equal(page.total, expected.length, `total of ${what}`);
      assert.deepEqual(page.tasks.map(idOf), inOrder.slice(offset, offset + limit), what);
    }
  }
}

/** `{ status: undefined }` and no status are different things to the type checker. */
function defined(filter: { readonly [K in keyof Filter]: Filter[K] | undefined }): Filter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

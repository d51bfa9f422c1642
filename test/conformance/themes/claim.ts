// Taking work: which task comes next, what a lease says, and what is never taken.
import assert from 'node:assert/strict';
import { release, retryIn, SECOND } from '../builders.ts';
import { idOf, idOfClaimed } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function claim({ describe, test }: Suite): void {
  describe('claim', () => {
    test('starts an attempt under a lease', async (s) => {
      const task = await s.submit({ processTimeoutMs: 600 * SECOND });
      await s.clock.advance(SECOND);
      const now = s.clock.now();

      const { task: running, lease } = await s.claimOne({ nodeId: 'node-7' });

      assert.deepEqual(running, {
        ...task,
        status: 'processing',
        pendingReason: null,
        attempt: 1,
        workerId: 'node-7',
        startedAt: now,
        updatedAt: now,
        version: 2,
      });
      assert.deepEqual(lease, {
        id: task.id,
        token: lease.token,
        expiresAt: now + s.settings.leaseMs,
        remainingMs: s.settings.leaseMs,
        processRemainingMs: 600 * SECOND,
      });
      assert.ok(Number.isSafeInteger(lease.token) && lease.token > 0);
      const attempt = { attempt: 1, workerId: 'node-7', startedAt: now, endedAt: null };
      assert.deepEqual((await s.task(task)).attempts, [{ ...attempt, outcome: null, error: null, errorCode: null }]);
    });

    test('gives no process deadline to a task without a process timeout', async (s) => {
      assert.equal((await s.running({ processTimeoutMs: 0 })).lease.processRemainingMs, null);
    });

    test('ends the lease at the process deadline plus the grace when that is earlier', async (s) => {
      const { lease } = await s.running({ processTimeoutMs: SECOND });
      assert.equal(lease.remainingMs, SECOND + s.settings.cancelGraceMs);
      assert.equal(lease.processRemainingMs, SECOND);
    });

    test('gives each claim a token larger than all before, also for the same task', async (s) => {
      await s.submitMany(5);
      const tokens: number[] = [];
      for (let round = 0; round < 3; round++) {
        for (const claimed of await s.claim(5)) {
          tokens.push(claimed.lease.token);
          await s.settle(claimed, release);
        }
      }
      assert.equal(tokens.length, 15);
      assert.deepEqual(
        tokens,
        [...new Set(tokens)].sort((a, b) => a - b),
      );
    });

    test('takes the larger priority first, then the earlier acceptance (I17)', async (s) => {
      const priorities = [0, 5, -1_000_000, 5, 0, 1_000_000, -1, 1];
      const tasks = await s.submitMany(priorities.length, (n) => ({ priority: priorities[n] ?? 0 }));
      const order = [5, 1, 3, 7, 0, 4, 6, 2].map((n) => tasks[n]?.id);
      assert.deepEqual(await s.claimAll(), order);
    });

    test('answers several tasks best first, across types and limits', async (s) => {
      const wishes = [
        { priority: 1, type: 'a' },
        { priority: 3, type: 'b', key: 'k', max: 9 },
        { priority: 2, type: 'a', key: 'k', max: 8 },
        { priority: 3, type: 'a' },
      ];
      const tasks = await s.submitMany(4, (n) => wishes[n] ?? {});
      const claimed = await s.claim(10, { types: ['b', 'a'] });
      assert.deepEqual(
        claimed.map(idOfClaimed),
        [1, 3, 2, 0].map((n) => tasks[n]?.id),
      );
    });

    test('takes only the types it is asked for', async (s) => {
      await s.submit({ type: 'other', priority: 9 });
      const mine = await s.submit({ type: 'mail' });
      assert.deepEqual((await s.claim(10)).map(idOfClaimed), [mine.id]);
      assert.deepEqual(await s.claim(10), []);
      assert.deepEqual(await s.claim(10, { types: [] }), []);
      assert.deepEqual(await s.claim(10, { types: ['mai', 'mail.', 'MAIL'] }), []);
    });

    test('takes a type that is named twice once', async (s) => {
      await s.submitMany(3);
      assert.equal((await s.claim(3, { types: ['mail', 'mail'] })).length, 3);
    });

    test('never takes more than asked', async (s) => {
      await s.submitMany(5);
      assert.equal((await s.claim(0)).length, 0);
      assert.equal((await s.claim(3)).length, 3);
      assert.equal((await s.claim(3)).length, 2);
      assert.equal((await s.claim(3)).length, 0);
    });

    test('never takes a task twice', async (s) => {
      await s.submitMany(50);
      const all = await Promise.all([s.claim(20), s.claim(20, { nodeId: 'node-2' }), s.claim(20)]);
      const ids = all.flat().map(idOfClaimed);
      assert.equal(ids.length, 50);
      assert.equal(new Set(ids).size, 50);
    });

    test('starts nothing before it is due (I16)', async (s) => {
      const task = await s.submit({ due: { afterMs: 10 * SECOND } });
      await s.clock.advance(10 * SECOND - 1);
      assert.deepEqual(await s.claim(1), []);
      await s.clock.advance(1);
      assert.equal((await s.claimOne()).task.id, task.id, 'the instant it is due');
    });

    test('needs no sweep to take what has become due', async (s) => {
      const later = await s.submit({ due: { afterMs: 2 * SECOND }, priority: 1 });
      const sooner = await s.submit({ due: { afterMs: SECOND } });
      await s.clock.advance(2 * SECOND);
      assert.deepEqual((await s.claim(2)).map(idOfClaimed), [later.id, sooner.id]);
    });

    test('keeps the place of acceptance whenever a task becomes due', async (s) => {
      const delayed = await s.submit({ due: { afterMs: SECOND } });
      const atOnce = await s.submit();
      await s.clock.advance(SECOND);
      assert.deepEqual(await s.claimAll(), [delayed.id, atOnce.id]);
    });

    test('takes due tasks by the thousand, all of them', async (s) => {
      const tasks = await s.submitMany(1200, { due: { afterMs: SECOND } });
      await s.clock.advance(SECOND);
      const ids = new Set<string>();
      for (let call = 0; call < 10; call++) for (const one of await s.claim(500)) ids.add(one.task.id);
      assert.equal(ids.size, tasks.length);
    });

    test('starts with no progress and keeps what is told of earlier attempts', async (s) => {
      const first = await s.running();
      await s.progress(first, '50');
      await s.settle(first, retryIn(0, 'once more'));
      const { task } = await s.claimOne();
      assert.deepEqual([task.progress, task.retry, task.attempt], [null, 1, 2]);
      assert.deepEqual([task.error, task.errorCode], ['once more', 'handler_error']);
    });

    test('does not take what is canceled', async (s) => {
      const [first, second] = await s.submitMany(2);
      assert.ok(first && second);
      await s.cancel(first);
      assert.deepEqual(await s.claimAll(), [second.id]);
    });
  });

  describe('claim again with the same request id (I15)', () => {
    test('answers the same leases and takes nothing more', async (s) => {
      await s.submitMany(5);
      const request = { requestId: 'lost-reply', nodeId: 'node-1', types: ['mail'], count: 3 };
      const first = await s.store.claim(request);
      assert.equal(first.length, 3);
      assert.deepEqual(await s.store.claim(request), first);
      assert.equal((await s.claim(5)).length, 2, 'two were left');
    });

    test('takes nothing more later on, and still answers what is held', async (s) => {
      await s.submitMany(4);
      const request = { requestId: 'lost-reply', nodeId: 'node-1', types: ['mail'], count: 2 };
      const [settled, held] = await s.store.claim(request);
      assert.ok(settled && held);
      await s.settle(settled, retryIn(0));
      await s.clock.advance(SECOND);
      const tokens = (await s.store.claim(request)).map(({ lease }) => lease.token);
      assert.ok(tokens.includes(held.lease.token));
      assert.ok(
        tokens.every((token) => token <= held.lease.token),
        'no new lease',
      );
    });

    test('two requests are two claims', async (s) => {
      const tasks = await s.submitMany(2);
      const [a] = await s.store.claim({ requestId: 'a', nodeId: 'node-1', types: ['mail'], count: 1 });
      const [b] = await s.store.claim({ requestId: 'b', nodeId: 'node-1', types: ['mail'], count: 1 });
      assert.deepEqual([a?.task.id, b?.task.id], tasks.map(idOf));
    });
  });
}

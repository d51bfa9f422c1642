// Ending an attempt: every outcome, who may record it, and that recording it twice is recording it once.
import assert from 'node:assert/strict';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { cancelOutcome, fail, recover, release, retryIn, SECOND, succeed } from '../builders.ts';
import type { Suite } from '../suite.ts';

export function outcomes({ describe, test }: Suite): void {
  describe('settle', () => {
    test('succeed: success with the result and no error', async (s) => {
      const first = await s.running();
      await s.settle(first, retryIn(0, 'at first'));
      const running = await s.claimOne();
      await s.clock.advance(SECOND);

      assert.deepEqual(await s.settle(running, succeed('[1]')), { state: 'settled', status: 'success' });

      const { attempts, ...task } = await s.task(running.task);
      const now = s.clock.now();
      const ended = { status: 'success', result: '[1]', error: null, errorCode: null } as const;
      assert.deepEqual(task, { ...running.task, ...ended, version: 5, updatedAt: now, completedAt: now });
      const started = { attempt: 2, workerId: 'node-1', startedAt: now - SECOND };
      assert.deepEqual(attempts.at(-1), { ...started, endedAt: now, outcome: 'success', error: null, errorCode: null });
    });

    test('succeed: a handler may return nothing', async (s) => {
      const running = await s.running();
      await s.settle(running, succeed(null));
      assert.equal((await s.task(running.task)).result, null);
    });

    test('fail: failed with error and code, the attempt as the outcome says', async (s) => {
      const running = await s.running();
      const outcome: Outcome = { kind: 'fail', error: 'too slow', errorCode: 'process_timeout', attempt: 'timeout' };
      assert.deepEqual(await s.settle(running, outcome), { state: 'settled', status: 'failed' });
      const task = await s.task(running.task);
      assert.deepEqual([task.status, task.error, task.errorCode], ['failed', 'too slow', 'process_timeout']);
      assert.deepEqual([task.result, task.completedAt, task.retry], [null, s.clock.now(), 0]);
      const { outcome: told, error, errorCode, endedAt } = task.attempts[0] ?? {};
      assert.deepEqual([told, error, errorCode, endedAt], ['timeout', 'too slow', 'process_timeout', s.clock.now()]);
    });

    test('retry: pending again after the wait, one retry used', async (s) => {
      const running = await s.running();
      const reply = await s.settle(running, retryIn(5 * SECOND, 'not yet'));
      assert.deepEqual(reply, { state: 'settled', status: 'pending' });
      const task = await s.task(running.task);
      assert.deepEqual([task.status, task.pendingReason, task.retry], ['pending', 'retry_backoff', 1]);
      assert.deepEqual([task.error, task.errorCode], ['not yet', 'handler_error']);
      assert.deepEqual([task.runAt, task.completedAt], [s.clock.now() + 5 * SECOND, null]);
      assert.deepEqual([task.workerId, task.startedAt], ['node-1', s.clock.now()], 'who ran it last stays known');
      assert.equal(task.attempts[0]?.outcome, 'failed');
      assert.deepEqual(await s.claim(1), []);
      await s.clock.advance(5 * SECOND);
      assert.equal((await s.claimOne()).task.attempt, 2);
    });

    test('release: pending at once, costs nothing, the error of earlier attempts stays', async (s) => {
      const first = await s.running();
      await s.settle(first, retryIn(0, 'earlier'));
      const running = await s.claimOne();
      await s.clock.advance(SECOND);
      assert.deepEqual(await s.settle(running, release), { state: 'settled', status: 'pending' });
      const task = await s.task(running.task);
      assert.deepEqual([task.retry, task.recoveries, task.runAt], [1, 0, s.clock.now()]);
      assert.deepEqual([task.error, task.errorCode], ['earlier', 'handler_error']);
      const { outcome, error, errorCode } = task.attempts[1] ?? {};
      assert.deepEqual([outcome, error, errorCode], ['released', null, null]);
    });

    test('recover: pending at once, one recovery used and no retry', async (s) => {
      const running = await s.running();
      await s.clock.advance(s.settings.leaseMs);
      await s.settle(running, recover('Worker node-1 was lost'), { by: 'sweeper' });
      const task = await s.task(running.task);
      assert.deepEqual([task.status, task.retry, task.recoveries], ['pending', 0, 1]);
      assert.deepEqual([task.error, task.errorCode], ['Worker node-1 was lost', 'worker_lost']);
      assert.equal(task.runAt, s.clock.now());
      const { outcome, error, errorCode } = task.attempts[0] ?? {};
      assert.deepEqual([outcome, error, errorCode], ['lost', 'Worker node-1 was lost', 'worker_lost']);
    });

    test('cancel: canceled', async (s) => {
      const running = await s.running();
      await s.cancel(running.task);
      assert.deepEqual(await s.settle(running, cancelOutcome), { state: 'settled', status: 'canceled' });
      const task = await s.task(running.task);
      assert.deepEqual([task.error, task.errorCode], ['Canceled while running', 'canceled']);
      assert.deepEqual([task.cancelRequested, task.completedAt], [false, s.clock.now()]);
      assert.equal(task.attempts[0]?.outcome, 'canceled');
    });

    for (const outcome of [succeed('1'), fail(), retryIn(0), release, recover()]) {
      test(`${outcome.kind}: is turned into cancel when a cancel was requested (I11)`, async (s) => {
        const running = await s.running();
        await s.cancel(running.task);
        assert.deepEqual(await s.settle(running, outcome), { state: 'settled', status: 'canceled' });
        const task = await s.task(running.task);
        assert.deepEqual([task.status, task.result, task.retry, task.recoveries], ['canceled', null, 0, 0]);
        assert.deepEqual(await s.claim(1), []);
      });
    }

    test('a sweeper too turns every outcome of a canceled task into cancel', async (s) => {
      const running = await s.running();
      await s.cancel(running.task);
      await s.clock.advance(s.settings.leaseMs);
      const reply = await s.settle(running, recover(), { by: 'sweeper' });
      assert.deepEqual(reply, { state: 'settled', status: 'canceled' });
    });

    test('a retried, released or recovered task keeps its place (I17)', async (s) => {
      const tasks = await s.submitMany(5);
      const order = tasks.map(({ id }) => id);
      const [a, b, c] = await s.claim(3);
      assert.ok(a && b && c);
      await s.settle(a, retryIn(0));
      await s.settle(b, release);
      await s.clock.advance(s.settings.leaseMs);
      await s.settle(c, recover(), { by: 'sweeper' });
      assert.deepEqual(await s.claimAll(), order);
    });

    test('gives the queue timeout anew from the instant it is due again', async (s) => {
      const running = await s.running({ queueTimeoutMs: 10 * SECOND });
      await s.clock.advance(60 * SECOND);
      await s.settle(running, retryIn(5 * SECOND));
      await s.clock.advance(15 * SECOND - 1);
      assert.equal((await s.task(running.task)).status, 'pending');
      await s.clock.advance(1);
      assert.equal((await s.task(running.task)).status, 'timeout');
    });

    test('answers a batch in order, each on its own', async (s) => {
      await s.submitMany(3);
      const [a, b, c] = await s.claim(3);
      assert.ok(a && b && c);
      await s.settle(b, release);
      const how = { handler: 'ended', by: 'holder' } as const;
      const replies = await s.store.settle([
        { id: c.lease.id, token: c.lease.token, outcome: fail(), ...how },
        { id: b.lease.id, token: b.lease.token + 1000, outcome: succeed(), ...how },
        { id: a.lease.id, token: a.lease.token, outcome: succeed(), ...how },
      ]);
      assert.deepEqual(replies, [
        { state: 'settled', status: 'failed' },
        { state: 'lease_lost' },
        { state: 'settled', status: 'success' },
      ]);
    });

    test('keeps the last 50 attempts and counts them all', async (s) => {
      const task = await s.submit({ maxRetry: 100 });
      for (let n = 0; n < 55; n++) await s.settle(await s.claimOne(), retryIn(0, `attempt ${n + 1}`));
      const { attempts, attempt, retry } = await s.task(task);
      assert.deepEqual([attempt, retry, attempts.length], [55, 55, 50]);
      assert.deepEqual([attempts[0]?.attempt, attempts[0]?.error], [6, 'attempt 6']);
      const running = await s.claimOne();
      assert.equal((await s.task(running.task)).attempts.length, 50, 'the running one is among them');
    });
  });

  describe('settle again (I15)', () => {
    for (const outcome of [succeed('1'), fail(), retryIn(0), retryIn(60 * SECOND), release]) {
      const wait = outcome.kind === 'retry' ? ` in ${outcome.delayMs} ms` : '';
      test(`${outcome.kind}${wait}: the holder hears the same and nothing changes`, async (s) => {
        const running = await s.running();
        const first = await s.settle(running, outcome);
        const task = await s.task(running.task);
        const events = await s.events();
        assert.deepEqual(await s.settle(running, outcome), first);
        assert.deepEqual(await s.task(running.task), task);
        assert.deepEqual(await s.events(), events);
      });
    }

    test('inside one batch', async (s) => {
      const running = await s.running();
      const { id, token } = running.lease;
      const settlement = { id, token, outcome: succeed('1'), handler: 'ended', by: 'holder' } as const;
      const settled = { state: 'settled', status: 'success' };
      assert.deepEqual(await s.store.settle([settlement, settlement]), [settled, settled]);
      assert.equal((await s.task(running.task)).version, 3);
    });

    test('answers the status the task has by then', async (s) => {
      const running = await s.running();
      await s.settle(running, retryIn(0));
      await s.claimOne({ nodeId: 'node-2' });
      assert.deepEqual(await s.settle(running, retryIn(0)), { state: 'settled', status: 'processing' });
      assert.equal((await s.task(running.task)).attempt, 2);
    });

    test('by a sweeper is refused: it is no longer lost', async (s) => {
      const running = await s.running();
      await s.clock.advance(s.settings.leaseMs);
      await s.settle(running, recover(), { by: 'sweeper' });
      assert.deepEqual(await s.settle(running, recover(), { by: 'sweeper' }), { state: 'lease_lost' });
      assert.equal((await s.task(running.task)).recoveries, 1);
    });
  });
}

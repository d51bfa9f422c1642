// Waiting in pending: the queue timeout, tasks that become due, and the sweeps that make both happen without a worker.
import assert from 'node:assert/strict';
import { aNode, MINUTE, retryIn, SECOND, succeed } from '../builders.ts';
import { type Fixture, idOfClaimed } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function waits({ describe, test }: Suite): void {
  describe('a queue timeout', () => {
    test('ends the wait as timeout, with what to say about it', async (s) => {
      const task = await s.submit({ queueTimeoutMs: 1500 });
      await s.clock.advance(1500);
      const now = s.clock.now();
      const ended = {
        status: 'timeout',
        pendingReason: null,
        error: 'Waited longer than its queue_timeout of 1.5 s',
        errorCode: 'queue_timeout',
        version: 2,
        updatedAt: now,
        completedAt: now,
      };
      assert.deepEqual(await s.task(task), { ...task, ...ended, attempts: [] });
    });

    test('is never claimed at or after the deadline (I12)', async (s) => {
      const [early, late] = await s.submitMany(2, { queueTimeoutMs: SECOND });
      assert.ok(early && late);
      await s.clock.advance(SECOND - 1);
      assert.equal((await s.claimOne()).task.id, early.id, 'a millisecond before');
      await s.clock.advance(1);
      assert.deepEqual(await s.claim(10), []);
      assert.equal((await s.task(late)).status, 'timeout');
    });

    const READS = {
      get: async (s) => (await s.store.get([(await first(s)).id]))[0]?.status,
      list: async (s) => (await s.store.list({ limit: 1, offset: 0, order: 'asc' })).tasks[0]?.status,
      'list by status': async (s) =>
        (await s.store.list({ status: 'timeout', limit: 1, offset: 0, order: 'asc' })).tasks[0]?.status,
      stats: async (s) => ((await s.store.stats()).types.mail?.timeout === 1 ? 'timeout' : 'not'),
      'submit again': async (s) => {
        const { id } = await first(s);
        return (await s.submit({ id })).status;
      },
    } satisfies Record<string, (s: Fixture) => Promise<string | undefined>>;
    for (const [read, status] of Object.entries(READS)) {
      test(`is seen by ${read} from that moment on, with nothing else running (I12)`, async (s) => {
        await s.submit({ queueTimeoutMs: SECOND });
        await s.clock.advance(SECOND);
        assert.equal(await status(s), 'timeout');
      });
    }

    test('is seen by cancel and revive', async (s) => {
      const task = await s.submit({ queueTimeoutMs: SECOND });
      await s.clock.advance(SECOND);
      assert.equal((await s.cancel(task)).state, 'already_finished');
      await s.revive(task);
      await s.clock.advance(SECOND);
      assert.equal((await s.revive(task)).state, 'revived', 'it timed out a second time');
    });

    test('runs from when the task is due, not from when it was accepted', async (s) => {
      const task = await s.submit({ queueTimeoutMs: SECOND, due: { afterMs: 10 * SECOND } });
      await s.clock.advance(11 * SECOND - 1);
      assert.equal((await s.task(task)).status, 'pending');
      await s.clock.advance(1);
      assert.equal((await s.task(task)).status, 'timeout');
    });

    test('of 0 never ends', async (s) => {
      const task = await s.submit({ queueTimeoutMs: 0 });
      await s.clock.advance(1000 * MINUTE);
      assert.equal((await s.task(task)).status, 'pending');
    });

    test('does not touch what has started', async (s) => {
      const running = await s.running({ queueTimeoutMs: SECOND });
      await s.clock.advance(10 * SECOND);
      assert.equal((await s.task(running.task)).status, 'processing');
      await s.settle(running, succeed());
    });

    test('ends waits behind a full key too, and lets the next in order', async (s) => {
      const running = await s.running({ key: 'k' });
      const gone = await s.submit({ key: 'k', queueTimeoutMs: SECOND });
      const next = await s.submit({ key: 'k' });
      await s.clock.advance(SECOND);
      await s.settle(running, succeed());
      assert.equal((await s.claimOne()).task.id, next.id);
      assert.equal((await s.task(gone)).status, 'timeout');
    });

    test('of a thousand tasks at once: none of them is claimed, all of them end, the next one runs', async (s) => {
      await s.submitMany(1200, { queueTimeoutMs: SECOND });
      const next = await s.submit();
      await s.clock.advance(SECOND);
      const claimed: string[] = [];
      for (let call = 0; call < 5; call++) claimed.push(...(await s.claim(10)).map(idOfClaimed));
      assert.deepEqual(claimed, [next.id]);
      assert.equal((await s.store.stats()).types.mail?.timeout, 1200);
    });
  });

  describe('sweepTimers', () => {
    test('makes due tasks ready and ends waits, and says how many', async (s) => {
      await s.submitMany(3, { due: { afterMs: SECOND } });
      await s.submitMany(2, { queueTimeoutMs: SECOND });
      assert.deepEqual(await s.store.sweepTimers(100), { promoted: 0, timedOut: 0, nextMs: SECOND });
      await s.clock.advance(SECOND);
      assert.deepEqual(await s.store.sweepTimers(100), { promoted: 3, timedOut: 2, nextMs: null });
      assert.deepEqual(await s.store.sweepTimers(100), { promoted: 0, timedOut: 0, nextMs: null });
    });

    test('goes page by page and says when there is more now', async (s) => {
      await s.submitMany(5, { due: { afterMs: SECOND } });
      await s.clock.advance(SECOND);
      assert.deepEqual(await s.store.sweepTimers(2), { promoted: 2, timedOut: 0, nextMs: 0 });
      assert.deepEqual(await s.store.sweepTimers(2), { promoted: 2, timedOut: 0, nextMs: 0 });
      assert.deepEqual(await s.store.sweepTimers(2), { promoted: 1, timedOut: 0, nextMs: null });
    });

    test('a page of waits leaves the rest for the next', async (s) => {
      await s.submitMany(5, { queueTimeoutMs: SECOND });
      await s.clock.advance(SECOND);
      const { timedOut, nextMs } = await s.store.sweepTimers(3);
      assert.deepEqual([timedOut, nextMs], [3, 0]);
      assert.equal((await s.store.sweepTimers(3)).timedOut, 2);
    });

    test('with nothing to wait for says so', async (s) => {
      await s.submit();
      assert.equal((await s.store.sweepTimers(10)).nextMs, null);
    });

    test('knows the next of everything that time will do', async (s) => {
      const next = async () => (await s.store.sweepTimers(100)).nextMs;
      await s.submit({ due: { afterMs: 20 * MINUTE } });
      assert.equal(await next(), 20 * MINUTE, 'a delayed task');
      await s.submit({ queueTimeoutMs: 10 * MINUTE });
      assert.equal(await next(), 10 * MINUTE, 'a queue deadline');
      await s.clock.advance(MINUTE);
      assert.equal(await next(), 9 * MINUTE, 'counted from now');
      const running = await s.claimOne();
      assert.equal(await next(), s.settings.leaseMs, 'a lease');
      await s.clock.advance(10 * SECOND);
      await s.settle(running, retryIn(60 * MINUTE), { handler: 'running' });
      assert.equal(await next(), s.settings.leaseMs - 10 * SECOND, 'a draining slot');
      await s.release(running);
      assert.equal(await next(), 20 * MINUTE - MINUTE - 10 * SECOND, 'the delayed task again');
    });

    test('needs no node and no handler', async (s) => {
      const task = await s.submit({ queueTimeoutMs: SECOND });
      await s.clock.advance(SECOND);
      await s.store.sweepTimers(10);
      assert.equal((await s.eventsOf(task)).at(-1)?.status, 'timeout');
    });
  });

  describe('pending reason', () => {
    test('is the first that is true', async (s) => {
      await s.store.reportNode(aNode({ types: ['mail'] }));
      const scheduled = await s.submit({ due: { afterMs: MINUTE } });
      const ready = await s.submit();
      const orphan = await s.submit({ type: 'nobody' });
      const failing = await s.running({ priority: 9 });
      await s.settle(failing, retryIn(MINUTE));
      await s.running({ key: 'k', priority: 9 });
      const blocked = await s.submit({ key: 'k' });
      await s.store.setLimit('stopped', 0);
      const paused = await s.submit({ key: 'stopped', type: 'nobody' });
      const pausedLater = await s.submit({ key: 'stopped', due: { afterMs: MINUTE } });
      for (const [task, reason] of [
        [scheduled, 'scheduled'],
        [ready, 'ready'],
        [orphan, 'no_handler'],
        [failing.task, 'retry_backoff'],
        [blocked, 'concurrency'],
        [paused, 'paused'],
        [pausedLater, 'scheduled'],
      ] as const) {
        assert.equal((await s.task(task)).pendingReason, reason);
      }
      const listed = await s.store.list({ status: 'pending', limit: 10, offset: 0, order: 'asc' });
      for (const task of listed.tasks) assert.equal(task.pendingReason, (await s.task(task)).pendingReason);
    });

    test('is no longer scheduled the moment the task is due', async (s) => {
      await s.store.reportNode(aNode());
      const task = await s.submit({ due: { afterMs: SECOND } });
      await s.clock.advance(SECOND);
      assert.equal((await s.task(task)).pendingReason, 'ready');
    });

    test('is no_handler when every node that could run it drains, is silent or is gone', async (s) => {
      const task = await s.submit();
      const reason = async () => (await s.task(task)).pendingReason;
      await s.store.reportNode(aNode({ id: 'a' }));
      assert.equal(await reason(), 'ready');
      await s.store.reportNode(aNode({ id: 'a', draining: true }));
      assert.equal(await reason(), 'no_handler');
      await s.store.reportNode(aNode({ id: 'b' }));
      assert.equal(await reason(), 'ready');
      await s.clock.advance(s.settings.leaseMs - 1);
      assert.equal(await reason(), 'ready');
      await s.clock.advance(1);
      assert.equal(await reason(), 'no_handler');
      await s.store.heartbeat({ nodeId: 'b', leases: [] });
      assert.equal(await reason(), 'ready');
      await s.store.forgetNode('b');
      assert.equal(await reason(), 'no_handler');
    });

    test('is concurrency again as soon as the key is full', async (s) => {
      await s.store.reportNode(aNode());
      const [, second] = await s.submitMany(2, { key: 'k' });
      assert.ok(second);
      assert.equal((await s.task(second)).pendingReason, 'ready', 'one of them could start');
      const running = await s.claimOne();
      assert.equal((await s.task(second)).pendingReason, 'concurrency');
      await s.settle(running, succeed());
      assert.equal((await s.task(second)).pendingReason, 'ready');
    });
  });
}

async function first(s: Fixture): Promise<{ readonly id: string }> {
  const [event] = await s.events();
  assert.ok(event);
  return { id: event.taskId };
}

// Holding a running task: renewing, losing, and what a stale holder can no longer do.
import assert from 'node:assert/strict';
import type { Claimed } from '../../../src/ports/task-store.ts';
import { aNode, cancelOutcome, fail, MINUTE, recover, release, retryIn, SECOND, succeed } from '../builders.ts';
import { type Fixture, only } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function leases({ describe, test }: Suite): void {
  describe('heartbeat', () => {
    test('moves the end of the lease to one lease from now', async (s) => {
      const running = await s.running();
      await s.clock.advance(60 * SECOND);
      const reply = await s.heartbeat(running);
      assert.deepEqual(reply, { state: 'held', remainingMs: s.settings.leaseMs, cancelRequested: false });
      await s.clock.advance(s.settings.leaseMs - 1);
      assert.equal((await s.heartbeat(running)).state, 'held', 'held to the last millisecond');
    });

    test('is not a change of the task', async (s) => {
      const running = await s.running();
      await s.clock.advance(SECOND);
      await s.heartbeat(running);
      const { attempts: _, ...task } = await s.task(running.task);
      assert.deepEqual(task, running.task);
      assert.equal((await s.events()).length, 2);
    });

    test('is lost from the instant the lease is over', async (s) => {
      const running = await s.running();
      await s.clock.advance(s.settings.leaseMs);
      assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
      assert.equal((await s.task(running.task)).status, 'processing', 'until a sweeper settles it');
    });

    test('does not move the process deadline, nor the lease past it (I13)', async (s) => {
      const running = await s.running({ processTimeoutMs: 2 * MINUTE });
      for (let left = 2 * MINUTE; left > 0; left -= 30 * SECOND) {
        const reply = await s.heartbeat(running);
        const capped = Math.min(s.settings.leaseMs, left + s.settings.cancelGraceMs);
        assert.deepEqual(reply, { state: 'held', remainingMs: capped, cancelRequested: false });
        await s.clock.advance(30 * SECOND);
      }
      await s.clock.advance(s.settings.cancelGraceMs);
      assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
    });

    test('never moves the end of a lease back', async (s) => {
      const running = await s.running({ processTimeoutMs: SECOND });
      const ends = running.lease.expiresAt;
      for (const ms of [0, 1, 5 * SECOND, 20 * SECOND]) {
        await s.clock.advance(ms);
        const reply = await s.heartbeat(running);
        assert.ok(reply.state === 'held');
        assert.equal(s.clock.now() + reply.remainingMs, ends);
      }
    });

    test('tells that a cancel was requested', async (s) => {
      const running = await s.running();
      await s.cancel(running.task);
      const reply = await s.heartbeat(running);
      assert.ok(reply.state === 'held' && reply.cancelRequested);
    });

    test('answers each lease of a node in order', async (s) => {
      await s.submitMany(3);
      const [a, b, c] = await s.claim(3);
      assert.ok(a && b && c);
      await s.settle(b, succeed());
      const leases = [c, b, a].map(({ lease }) => ({ id: lease.id, token: lease.token }));
      const replies = await s.store.heartbeat({ nodeId: 'node-1', leases });
      assert.deepEqual(
        replies.map(({ state }) => state),
        ['held', 'lost', 'held'],
      );
    });

    test('sent twice is sent once (I15)', async (s) => {
      const running = await s.running();
      await s.clock.advance(SECOND);
      assert.deepEqual(await s.heartbeat(running), await s.heartbeat(running));
    });

    test('counts as a sign of life of its node, with or without leases', async (s) => {
      await s.store.reportNode(aNode({ id: 'node-9' }));
      await s.clock.advance(60 * SECOND);
      await s.store.heartbeat({ nodeId: 'node-9', leases: [] });
      assert.equal(only(await s.store.nodes()).lastHeartbeatAt, s.clock.now());
      await s.clock.advance(60 * SECOND);
      assert.equal(only(await s.store.nodes()).live, true);
    });

    test('of a node nobody reported does not invent one', async (s) => {
      await s.store.heartbeat({ nodeId: 'node-9', leases: [] });
      assert.deepEqual(await s.store.nodes(), []);
    });
  });

  describe('a lost lease', () => {
    test('is listed from the instant it is over, with what a sweeper must know', async (s) => {
      const running = await s.running({ processTimeoutMs: 10 * MINUTE, maxRetry: 7 });
      await s.clock.advance(s.settings.leaseMs - 1);
      assert.deepEqual(await s.store.lostLeases(10), []);
      await s.clock.advance(1);
      const { maxRetry, retryStrategy, processTimeoutMs } = running.task;
      const facts = { retry: 0, maxRetry, recoveries: 0, retryStrategy, processTimeoutMs };
      const { id, token } = running.lease;
      assert.deepEqual(await s.store.lostLeases(10), [{ id, token, workerId: 'node-1', pastDeadline: false, facts }]);
    });

    // The handler ran too long only if its node was there to see it; else the node was lost, which costs no retry.
    const pastDeadline = async (s: Fixture) => only(await s.store.lostLeases(10)).pastDeadline;

    test('is past its deadline when it lasted to the grace and its node was still heard of', async (s) => {
      await s.store.reportNode(aNode());
      await s.running({ processTimeoutMs: SECOND });
      await s.clock.advance(SECOND);
      await s.store.heartbeat({ nodeId: 'node-1', leases: [] });
      await s.clock.advance(s.settings.cancelGraceMs);
      assert.equal(await pastDeadline(s), true);
    });

    test('is a lost worker when its node was last heard of before the deadline', async (s) => {
      await s.store.reportNode(aNode());
      await s.running({ processTimeoutMs: SECOND });
      await s.clock.advance(SECOND - 1);
      await s.store.heartbeat({ nodeId: 'node-1', leases: [] });
      await s.clock.advance(1 + s.settings.cancelGraceMs);
      assert.equal(await pastDeadline(s), false);
    });

    test('is a lost worker when nobody knows its node any more', async (s) => {
      await s.running({ processTimeoutMs: SECOND });
      await s.clock.advance(SECOND + s.settings.cancelGraceMs);
      assert.equal(await pastDeadline(s), false);
    });

    test('is a lost worker when it ended before the grace was over', async (s) => {
      await s.store.reportNode(aNode());
      await s.running({ processTimeoutMs: 80 * SECOND });
      await s.clock.advance(s.settings.leaseMs);
      await s.store.heartbeat({ nodeId: 'node-1', leases: [] });
      assert.equal(await pastDeadline(s), false);
    });

    test('of a task without a process timeout is always a lost worker', async (s) => {
      await s.store.reportNode(aNode());
      await s.running();
      await s.clock.advance(s.settings.leaseMs);
      await s.store.heartbeat({ nodeId: 'node-1', leases: [] });
      assert.equal(await pastDeadline(s), false);
    });

    test('is listed in pages, earliest first', async (s) => {
      const first = await s.running();
      await s.clock.advance(SECOND);
      await s.submitMany(3);
      await s.claim(3);
      await s.clock.advance(s.settings.leaseMs);
      const page = await s.store.lostLeases(2);
      assert.equal(page.length, 2);
      assert.equal(page[0]?.id, first.task.id);
      assert.equal((await s.store.lostLeases(10)).length, 4, 'listing changes nothing');
    });

    test('can be settled by a sweeper and by nobody else', async (s) => {
      const running = await s.running();
      assert.equal((await s.settle(running, recover(), { by: 'sweeper' })).state, 'lease_lost', 'not over yet');
      await s.clock.advance(s.settings.leaseMs);
      assert.equal((await s.settle(running, succeed())).state, 'lease_lost', 'the holder is too late');
      const reply = await s.settle(running, recover('Worker node-1 was lost'), { by: 'sweeper' });
      assert.deepEqual(reply, { state: 'settled', status: 'pending' });
      assert.deepEqual(await s.store.lostLeases(10), []);
    });
  });

  describe('a stale lease', () => {
    type MakeStale = (s: Fixture, running: Claimed) => Promise<unknown>;
    const STALE: Record<string, MakeStale> = {
      settled: (s, running) => s.settle(running, retryIn(0)),
      over: async (s) => s.clock.advance(s.settings.leaseMs),
      'over, recovered and claimed by another node': async (s, running) => {
        await s.clock.advance(s.settings.leaseMs);
        await s.settle(running, recover(), { by: 'sweeper' });
        await s.claimOne({ nodeId: 'node-2' });
      },
    };
    for (const [how, makeStale] of Object.entries(STALE)) {
      test(`that is ${how} changes nothing and is told so (I6)`, async (s) => {
        const stale = await s.running();
        await makeStale(s, stale);
        const before = await s.task(stale.task);
        const events = await s.events();

        assert.equal(await s.progress(stale, '99'), 'lease_lost');
        assert.deepEqual(await s.heartbeat(stale), { state: 'lost' });
        if (how !== 'settled') {
          for (const outcome of [succeed('1'), fail(), retryIn(0), release, cancelOutcome, recover()]) {
            assert.deepEqual(await s.settle(stale, outcome), { state: 'lease_lost' }, outcome.kind);
          }
        }
        if (how !== 'over') {
          assert.deepEqual(await s.settle(stale, recover(), { by: 'sweeper' }), { state: 'lease_lost' });
        }
        await s.release(stale);

        assert.deepEqual(await s.task(stale.task), before);
        assert.deepEqual(await s.events(), events);
      });
    }

    test('of a task nobody knows is lost', async (s) => {
      const { task } = await s.running();
      const strange = { lease: { id: task.id.replace(/^0/, '1'), token: 1 } };
      const wrong = [999_999, 0, -1].map((token) => ({ lease: { id: task.id, token } }));
      for (const one of [strange, ...wrong]) {
        assert.deepEqual(await s.settle(one, succeed()), { state: 'lease_lost' });
        assert.deepEqual(await s.heartbeat(one), { state: 'lost' });
        assert.equal(await s.progress(one, '1'), 'lease_lost');
        await s.release(one);
      }
      assert.equal((await s.task(task)).status, 'processing');
    });
  });

  describe('progress', () => {
    test('is stored, counted as a version, and told', async (s) => {
      const running = await s.running();
      await s.clock.advance(SECOND);
      assert.equal(await s.progress(running, '{"progress":50}'), 'recorded');
      const task = await s.task(running.task);
      assert.deepEqual([task.progress, task.version, task.updatedAt], ['{"progress":50}', 3, s.clock.now()]);
      const event = (await s.eventsOf(task)).at(-1);
      assert.deepEqual([event?.kind, event?.progress, event?.version], ['progress', '{"progress":50}', 3]);
    });

    test('of several tasks is answered in order, the newest of one task counts', async (s) => {
      await s.submitMany(2);
      const [a, b] = await s.claim(2);
      assert.ok(a && b);
      await s.settle(b, succeed());
      const report = ({ lease }: typeof a, progress: string) => ({ id: lease.id, token: lease.token, progress });
      const replies = await s.store.progress([report(a, '1'), report(b, '5'), report(a, '2')]);
      assert.deepEqual(replies, [{ state: 'recorded' }, { state: 'lease_lost' }, { state: 'recorded' }]);
      const task = await s.task(a.task);
      assert.deepEqual([task.progress, task.version], ['2', 4]);
    });

    test('does not renew the lease', async (s) => {
      const running = await s.running();
      await s.clock.advance(s.settings.leaseMs - 1);
      await s.progress(running, '1');
      await s.clock.advance(1);
      assert.equal(await s.progress(running, '2'), 'lease_lost');
    });

    test('stays readable when the task has ended', async (s) => {
      const running = await s.running();
      await s.progress(running, '"last words"');
      await s.settle(running, fail());
      assert.equal((await s.task(running.task)).progress, '"last words"');
    });
  });
}

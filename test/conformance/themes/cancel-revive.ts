// What clients change afterwards: cancel and the explicit retry.
import assert from 'node:assert/strict';
import { LIMITS } from '../../../src/domain/limits.ts';
import { cancelOutcome, fail, nextUuid, recover, retryIn, SECOND, succeed } from '../builders.ts';
import type { Fixture } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function cancelAndRevive({ describe, test }: Suite): void {
  describe('cancel', () => {
    for (const [how, wish] of [
      ['ready', {}],
      ['delayed', { due: { afterMs: SECOND } }],
      ['behind a full key', { key: 'k', max: 1 }],
    ] as const) {
      test(`ends a task that is ${how} at once`, async (s) => {
        if (how === 'behind a full key') await s.running(wish);
        const task = await s.submit(wish);
        const reply = await s.cancel(task);
        const now = s.clock.now();
        const canceled = {
          ...task,
          status: 'canceled',
          pendingReason: null,
          error: 'Canceled before it started',
          errorCode: 'canceled',
          version: 2,
          updatedAt: now,
          completedAt: now,
        };
        assert.deepEqual(reply, { state: 'canceled', task: canceled });
        await s.clock.advance(2 * SECOND);
        assert.deepEqual(await s.claim(10), [], 'never claimed (I10)');
      });
    }

    test('asks a running task to stop', async (s) => {
      const running = await s.running();
      await s.clock.advance(SECOND);
      const reply = await s.cancel(running.task);
      const asked = { ...running.task, cancelRequested: true, version: 3, updatedAt: s.clock.now() };
      assert.deepEqual(reply, { state: 'cancel_requested', task: asked });
    });

    test('asked twice of a running task is asked once', async (s) => {
      const running = await s.running();
      const first = await s.cancel(running.task);
      await s.clock.advance(SECOND);
      assert.deepEqual(await s.cancel(running.task), first);
      assert.equal((await s.events()).length, 3);
    });

    test('asked twice of a canceled task says that it is canceled already', async (s) => {
      const task = await s.submit();
      const first = await s.cancel(task);
      const again = await s.cancel(task);
      assert.ok(first.state === 'canceled' && again.state === 'already_canceled');
      assert.deepEqual(again.task, first.task);
    });

    test('leaves what ended otherwise as it is', async (s) => {
      const [good, bad] = [await s.running(), await s.running()];
      await s.settle(good, succeed('1'));
      await s.settle(bad, fail());
      const late = await s.submit({ queueTimeoutMs: SECOND });
      await s.clock.advance(SECOND);
      for (const [{ id }, status] of [
        [good.task, 'success'],
        [bad.task, 'failed'],
        [late, 'timeout'],
      ] as const) {
        const reply = await s.cancel({ id });
        assert.ok(reply.state === 'already_finished', status);
        assert.equal(reply.task.status, status);
      }
    });

    test('of nobody is not found', async (s) => {
      assert.deepEqual(await s.cancel({ id: nextUuid() }), { state: 'not_found' });
    });

    test('answers a batch in order, an id named twice twice', async (s) => {
      const [a, b] = await s.submitMany(2);
      assert.ok(a && b);
      const replies = await s.store.cancel([b.id, nextUuid(), a.id, b.id].map((id) => ({ id })));
      assert.deepEqual(
        replies.map(({ state }) => state),
        ['canceled', 'not_found', 'canceled', 'already_canceled'],
      );
    });

    test('of a running task does not free its slot until it has ended', async (s) => {
      const running = await s.running({ key: 'k' });
      const next = await s.submit({ key: 'k' });
      await s.cancel(running.task);
      assert.deepEqual(await s.claim(1), []);
      await s.settle(running, cancelOutcome);
      assert.equal((await s.claimOne()).task.id, next.id);
    });
  });

  describe('the reason of a cancel', () => {
    const errorOf = async (s: Fixture, task: { readonly id: string }) => {
      const { status, error, errorCode } = await s.task(task);
      assert.deepEqual([status, errorCode], ['canceled', 'canceled']);
      return error;
    };

    test('is told by the error of a task that waited, and by its event', async (s) => {
      const task = await s.submit();
      const reply = await s.cancel(task, 'Die Bestellung wurde zurückgezogen: 日本');
      const error = 'Canceled before it started: Die Bestellung wurde zurückgezogen: 日本';
      assert.ok(reply.state === 'canceled');
      assert.equal(reply.task.error, error);
      assert.equal(await errorOf(s, task), error);
      assert.equal((await s.eventsOf(task)).at(-1)?.error, error);
    });

    for (const [how, outcome] of [
      ['stopped', cancelOutcome],
      ['succeeded all the same', succeed('1')],
      ['failed', retryIn(0)],
    ] as const) {
      test(`waits for the end of a running task whose handler ${how}`, async (s) => {
        const running = await s.running();
        await s.cancel(running.task, 'no longer wanted');
        assert.equal((await s.task(running.task)).error, null, 'nothing has ended yet');
        await s.settle(running, outcome);
        assert.equal(await errorOf(s, running.task), 'Canceled while running: no longer wanted');
        const { attempts } = await s.task(running.task);
        assert.equal(attempts.at(-1)?.error, 'Canceled while running: no longer wanted');
        assert.equal((await s.eventsOf(running.task)).at(-1)?.error, 'Canceled while running: no longer wanted');
      });
    }

    test('is told to the node that runs the task, with each heartbeat', async (s) => {
      const [told, plain, other] = [await s.running(), await s.running(), await s.running()];
      await s.cancel(told.task, 'Rückruf: 日本 "x"');
      await s.cancel(told.task, 'a later one');
      await s.cancel(plain.task);
      const replies = await s.store.heartbeat({ nodeId: 'n', leases: [plain, other, told].map(({ lease }) => lease) });
      const held = { state: 'held', remainingMs: s.settings.leaseMs };
      assert.deepEqual(replies, [
        { ...held, cancelRequested: true },
        { ...held, cancelRequested: false },
        { ...held, cancelRequested: true, cancelReason: 'Rückruf: 日本 "x"' },
      ]);
    });

    test('outlives the node that was to hear it', async (s) => {
      const running = await s.running();
      await s.cancel(running.task, 'r'.repeat(LIMITS.cancelReasonLengthMax));
      await s.clock.advance(s.settings.leaseMs);
      const [lost] = await s.store.lostLeases(10);
      assert.ok(lost);
      await s.settle({ lease: lost }, recover(), { by: 'sweeper' });
      assert.equal(await errorOf(s, running.task), `Canceled while running: ${'r'.repeat(500)}`);
    });

    test('of a later request changes nothing', async (s) => {
      const [first, none] = [await s.running(), await s.running()];
      await s.cancel(first.task, 'first');
      await s.cancel(first.task, 'second');
      await s.cancel(none.task);
      await s.cancel(none.task, 'too late');
      for (const running of [first, none]) await s.settle(running, cancelOutcome);
      assert.equal(await errorOf(s, first.task), 'Canceled while running: first');
      assert.equal(await errorOf(s, none.task), 'Canceled while running');
      await s.cancel(first.task, 'third');
      assert.equal(await errorOf(s, first.task), 'Canceled while running: first');
    });

    test('is forgotten when the task is tried again', async (s) => {
      const running = await s.running();
      await s.cancel(running.task, 'first');
      await s.settle(running, cancelOutcome);
      await s.revive(running.task);
      const again = await s.claimOne();
      const [reply] = await s.store.heartbeat({ nodeId: 'n', leases: [again.lease] });
      assert.deepEqual(reply, { state: 'held', remainingMs: s.settings.leaseMs, cancelRequested: false });
      await s.settle(again, cancelOutcome);
      assert.equal(await errorOf(s, running.task), 'Canceled while running', 'nobody asked this time');
      await s.revive(running.task);
      const third = await s.claimOne();
      await s.cancel(running.task);
      await s.settle(third, succeed());
      assert.equal(await errorOf(s, running.task), 'Canceled while running');
    });
  });

  describe('revive', () => {
    const ENDED = {
      failed: async (s: Fixture) => {
        const first = await s.running();
        await s.settle(first, retryIn(0));
        const running = await s.claimOne();
        await s.progress(running, '70');
        await s.settle(running, fail('broken'));
        return running.task;
      },
      canceled: async (s: Fixture) => {
        const running = await s.running();
        await s.cancel(running.task);
        await s.settle(running, cancelOutcome);
        return running.task;
      },
      timeout: async (s: Fixture) => {
        const task = await s.submit({ queueTimeoutMs: SECOND });
        await s.clock.advance(SECOND);
        return task;
      },
    };
    for (const [status, make] of Object.entries(ENDED)) {
      test(`puts a task that ended as ${status} back to pending, as new but with its attempts`, async (s) => {
        const before = await s.task(await make(s));
        assert.equal(before.status, status);
        await s.clock.advance(SECOND);

        const reply = await s.revive(before);

        const { attempts, ...task } = before;
        const now = s.clock.now();
        const revived = {
          ...task,
          status: 'pending',
          pendingReason: 'no_handler',
          retry: 0,
          recoveries: 0,
          progress: null,
          result: null,
          error: null,
          errorCode: null,
          version: task.version + 1,
          updatedAt: now,
          completedAt: null,
          runAt: now,
        };
        assert.deepEqual(reply, { state: 'revived', task: revived });
        assert.deepEqual((await s.task(task)).attempts, attempts);
        const running = await s.claimOne();
        assert.equal(running.task.attempt, attempts.length + 1, 'attempt numbers go on');
      });
    }

    test('starts recoveries at 0 again', async (s) => {
      const running = await s.running();
      await s.clock.advance(s.settings.leaseMs);
      await s.settle(running, recover(), { by: 'sweeper' });
      await s.settle(await s.claimOne(), fail());
      await s.revive(running.task);
      assert.equal((await s.task(running.task)).recoveries, 0);
    });

    test('keeps the place of its first acceptance', async (s) => {
      const old = await s.submit();
      const young = await s.submit();
      await s.cancel(old);
      await s.revive(old);
      assert.deepEqual(await s.claimAll(), [old.id, young.id]);
    });

    test('gives the queue timeout anew', async (s) => {
      const task = await s.submit({ queueTimeoutMs: SECOND });
      await s.clock.advance(SECOND);
      await s.revive(task);
      await s.clock.advance(SECOND - 1);
      assert.equal((await s.task(task)).status, 'pending');
      await s.clock.advance(1);
      assert.equal((await s.task(task)).status, 'timeout');
    });

    test('does not touch what is pending, running or successful', async (s) => {
      const good = await s.running();
      await s.settle(good, succeed('1'));
      const running = await s.running();
      const pending = await s.submit();
      for (const { id } of [good.task, running.task, pending]) {
        const before = await s.task({ id });
        const reply = await s.revive({ id });
        assert.equal(reply.state, 'not_retryable');
        assert.deepEqual(await s.task({ id }), before);
      }
    });

    test('of nobody is not found', async (s) => {
      assert.deepEqual(await s.revive({ id: nextUuid() }), { state: 'not_found' });
    });

    test('twice in one batch revives once', async (s) => {
      const task = await s.submit();
      await s.cancel(task);
      const replies = await s.store.revive([task.id, task.id]);
      assert.deepEqual(
        replies.map(({ state }) => state),
        ['revived', 'not_retryable'],
      );
    });

    test('a stale lease of the time before does not touch the revived task', async (s) => {
      const running = await s.running();
      await s.settle(running, fail());
      await s.revive(running.task);
      assert.equal(await s.progress(running, '1'), 'lease_lost');
      assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
      await s.claimOne();
      assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
    });
  });
}

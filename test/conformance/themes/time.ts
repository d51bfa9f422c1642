// Time as the store sees it: it never goes back, and a pause of the store takes nobody's lease.
import assert from 'node:assert/strict';
import { aNode, fail, MINUTE, recover, SECOND, succeed } from '../builders.ts';
import { only } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function time({ describe, test }: Suite): void {
  describe('a clock that is set back', () => {
    const back = { needs: 'clockSetBack' } as const;

    test(
      'does not make the store repeat time: nothing happens earlier than what already happened',
      async (s) => {
        const first = await s.submit();
        await s.clock.set(s.clock.now() - 60 * MINUTE);
        const second = await s.submit();
        assert.equal(second.createdAt, first.createdAt);
        const running = await s.claimOne();
        assert.equal(running.lease.expiresAt, first.createdAt + s.settings.leaseMs);
      },
      back,
    );

    test(
      'does not bring back a lease or a wait that was over',
      async (s) => {
        const running = await s.running();
        const waiting = await s.submit({ type: 'other', queueTimeoutMs: SECOND });
        await s.clock.advance(s.settings.leaseMs);
        await s.store.stats();
        await s.clock.set(s.clock.now() - s.settings.leaseMs);
        assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
        assert.equal((await s.task(waiting)).status, 'timeout');
      },
      back,
    );

    test(
      'goes on counting once it has caught up',
      async (s) => {
        const { createdAt } = await s.submit();
        await s.clock.set(createdAt - MINUTE);
        await s.clock.advance(MINUTE + SECOND);
        assert.equal((await s.submit()).createdAt, createdAt + SECOND);
      },
      back,
    );
  });

  describe('a pause of the store longer than stallMs', () => {
    const stall = { needs: 'stallDetection', settings: { stallMs: 60 * SECOND } } as const;

    test(
      'gives every lease that was alive before it one more lease',
      async (s) => {
        const running = await s.running({ key: 'k' });
        await s.submit({ key: 'k' });
        await s.clock.advance(60 * MINUTE);
        assert.deepEqual(await s.claim(10), [], 'the slot is still taken');
        assert.deepEqual(await s.store.lostLeases(10), []);
        await s.clock.advance(60 * SECOND);
        assert.equal((await s.heartbeat(running)).state, 'held');
      },
      stall,
    );

    test(
      'does not bring back a lease that was over before it',
      async (s) => {
        const running = await s.running();
        for (let n = 0; n < 3; n++) {
          await s.clock.advance(30 * SECOND);
          await s.store.sweepTimers(10);
        }
        await s.clock.advance(60 * MINUTE);
        assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
        assert.equal((await s.settle(running, recover(), { by: 'sweeper' })).state, 'settled');
      },
      stall,
    );

    test(
      'gives exactly one more: a node that stays silent is lost after it',
      async (s) => {
        const running = await s.running();
        await s.clock.advance(60 * MINUTE);
        await s.store.sweepTimers(10);
        for (let left = s.settings.leaseMs; left > 0; left -= 30 * SECOND) {
          assert.deepEqual(await s.store.lostLeases(10), []);
          await s.clock.advance(30 * SECOND);
        }
        assert.equal(only(await s.store.lostLeases(10)).id, running.task.id);
      },
      stall,
    );

    test(
      'holds for slots that drain as well',
      async (s) => {
        const running = await s.running({ key: 'k' });
        await s.submit({ key: 'k' });
        await s.settle(running, fail(), { handler: 'running' });
        await s.clock.advance(60 * MINUTE);
        assert.deepEqual(await s.claim(10), []);
        await s.release(running);
        assert.equal((await s.claim(10)).length, 1);
      },
      stall,
    );

    test(
      'does not stop queue timeouts: waiting went on',
      async (s) => {
        const task = await s.submit({ queueTimeoutMs: MINUTE });
        await s.clock.advance(60 * MINUTE);
        assert.equal((await s.task(task)).status, 'timeout');
      },
      stall,
    );

    test(
      'is none when calls keep coming',
      async (s) => {
        const running = await s.running();
        for (let n = 0; n < 3; n++) {
          await s.clock.advance(30 * SECOND);
          await s.store.sweepTimers(10);
        }
        assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
      },
      stall,
    );

    test(
      'means nothing when it is switched off',
      async (s) => {
        const running = await s.running();
        await s.clock.advance(60 * MINUTE);
        assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
      },
      { settings: { stallMs: 0 } },
    );
  });

  describe('close', () => {
    test(
      'ends the store: later calls say that it is unavailable',
      async (s) => {
        await s.store.ping();
        await s.settle(await s.running(), succeed());
        await s.store.reportNode(aNode());
        await s.close();
        await assert.rejects(s.store.ping(), { name: 'StoreUnavailable' });
        await assert.rejects(s.store.submit([]), { name: 'StoreUnavailable' });
      },
      { needs: 'refusesAfterClose' },
    );
  });
}

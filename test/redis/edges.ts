// Rules of every store that its random histories do not reach: a theme like those of the conformance suite.
import assert from 'node:assert/strict';
import { aSubmission, MINUTE, nextUuid, SECOND, succeed } from '../conformance/builders.ts';
import type { Suite } from '../conformance/suite.ts';

export function edges({ describe, test }: Suite): void {
  describe('an idempotency key', () => {
    const briefly = { settings: { retentionMs: MINUTE, idempotencyMs: 60 * MINUTE } };
    const idempotency = { key: 'order-1', fingerprint: 'aa' };

    test(
      'names the task it was given for, not a later one with the same id',
      async (s) => {
        const id = nextUuid();
        const running = await s.running({ id, idempotency });
        await s.settle(running, succeed());
        await s.clock.advance(MINUTE);
        assert.equal((await s.store.purge(10)).purged, 1);
        // What follows is another task: its events begin anew.
        await s.trimOutbox((await s.store.readOutbox(null, 100)).at(-1)?.position ?? '');
        await s.submit({ id });
        const [reply] = await s.store.submit([aSubmission({ idempotency })]);
        assert.equal(reply?.state, 'created');
      },
      briefly,
    );

    test(
      'is judged by the clock of the store, whatever purge has done',
      async (s) => {
        const first = await s.submit({ idempotency });
        await s.clock.advance(59 * MINUTE);
        await s.store.purge(10);
        const [again] = await s.store.submit([aSubmission({ idempotency })]);
        assert.ok(again?.state === 'replayed' && again.task.id === first.id);
        await s.clock.advance(MINUTE);
        await s.store.purge(10);
        const [fresh] = await s.store.submit([aSubmission({ idempotency })]);
        assert.equal(fresh?.state, 'created');
      },
      briefly,
    );

    test(
      'that was taken anew is not forgotten with its first use',
      async (s) => {
        await s.submit({ idempotency });
        await s.clock.advance(60 * MINUTE);
        const second = await s.submit({ idempotency });
        await s.store.purge(10);
        const [again] = await s.store.submit([aSubmission({ idempotency })]);
        assert.ok(again?.state === 'replayed' && again.task.id === second.id);
      },
      briefly,
    );
  });

  describe('a claim with the same request id', () => {
    test('answers the time that is left now, not that of the first answer', async (s) => {
      await s.submit({ processTimeoutMs: 10 * MINUTE });
      const request = { requestId: 'again', nodeId: 'node-1', types: ['mail'], count: 1 };
      const [first] = await s.store.claim(request);
      await s.clock.advance(20 * SECOND);
      const [again] = await s.store.claim(request);
      assert.ok(first && again);
      assert.equal(again.lease.token, first.lease.token);
      assert.equal(again.lease.remainingMs, first.lease.remainingMs - 20 * SECOND);
      assert.equal(again.lease.processRemainingMs, 10 * MINUTE - 20 * SECOND);
    });
  });

  describe('a pause of the store', () => {
    test(
      'does not bring back a lease nobody has looked at since it ended',
      async (s) => {
        const running = await s.running();
        const other = await s.running({ processTimeoutMs: 0 });
        for (let n = 0; n < 3; n++) {
          await s.clock.advance(30 * SECOND);
          await s.heartbeat(other);
        }
        await s.clock.advance(60 * MINUTE);
        assert.deepEqual(await s.heartbeat(running), { state: 'lost' });
      },
      { needs: 'stallDetection', settings: { stallMs: 60 * SECOND } },
    );
  });
}

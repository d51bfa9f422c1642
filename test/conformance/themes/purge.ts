// Forgetting: final tasks after the retention, with all they have, and nothing else.
import assert from 'node:assert/strict';
import { aNode, aSubmission, cancelOutcome, DAY, fail, HOUR, succeed } from '../builders.ts';
import { idOf } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function purge({ describe, test }: Suite): void {
  describe('purge', () => {
    test('forgets a final task once its retention is over, and not a millisecond before', async (s) => {
      const running = await s.running({ tags: ['x'], key: 'k' });
      await s.settle(running, succeed('1'));
      await s.clock.advance(s.settings.retentionMs - 1);
      assert.deepEqual(await s.store.purge(10), { purged: 0, nextMs: 1 });
      await s.clock.advance(1);
      assert.deepEqual(await s.store.purge(10), { purged: 1, nextMs: null });
      assert.deepEqual(await s.store.get([running.task.id]), [null]);
      assert.equal((await s.store.list({ tag: 'x', limit: 10, offset: 0, order: 'asc' })).total, 0);
    });

    test('forgets every kind of end', async (s) => {
      await s.submit({ queueTimeoutMs: 1 });
      await s.cancel(await s.submit());
      await s.clock.advance(1);
      await s.settle(await s.running(), succeed());
      await s.settle(await s.running(), fail());
      await s.settle(await s.running(), cancelOutcome);
      await s.store.stats();
      await s.clock.advance(s.settings.retentionMs);
      assert.equal((await s.store.purge(10)).purged, 5);
    });

    test('never forgets what is pending or running', async (s) => {
      const pending = await s.submit({ type: 'other' });
      const running = await s.running();
      await s.clock.advance(10 * s.settings.retentionMs);
      assert.deepEqual(await s.store.purge(10), { purged: 0, nextMs: null });
      assert.equal((await s.task(pending)).status, 'pending');
      assert.equal((await s.task(running.task)).status, 'processing');
    });

    test('goes page by page, oldest end first', async (s) => {
      const tasks = await s.submitMany(5);
      for (const task of [...tasks].reverse()) {
        await s.cancel(task);
        await s.clock.advance(HOUR);
      }
      await s.clock.advance(s.settings.retentionMs);
      assert.deepEqual(await s.store.purge(3), { purged: 3, nextMs: 0 });
      const { tasks: left } = await s.store.list({ limit: 10, offset: 0, order: 'asc' });
      assert.deepEqual(left.map(idOf), tasks.slice(0, 2).map(idOf));
      assert.deepEqual(await s.store.purge(3), { purged: 2, nextMs: null });
    });

    test('leaves pages of those that stay, whatever is missing between them', async (s) => {
      const tasks = await s.submitMany(9);
      const isGone = (_: unknown, index: number): boolean => index % 3 === 1;
      for (const task of tasks.filter(isGone)) await s.cancel(task);
      await s.clock.advance(s.settings.retentionMs);
      assert.equal((await s.store.purge(10)).purged, 3);
      const left = tasks.filter((_, index) => index % 3 !== 1).map(idOf);
      for (const [order, expected] of [
        ['asc', left],
        ['desc', left.toReversed()],
      ] as const) {
        for (let offset = 0; offset < 7; offset += 2) {
          const page = await s.store.list({ limit: 2, offset, order });
          assert.equal(page.total, 6);
          assert.deepEqual(page.tasks.map(idOf), expected.slice(offset, offset + 2), `${order} ${offset}`);
        }
      }
    });

    test('says when the next can be forgotten', async (s) => {
      const [a, b] = await s.submitMany(2);
      assert.ok(a && b);
      await s.cancel(a);
      await s.clock.advance(HOUR);
      await s.cancel(b);
      assert.equal((await s.store.purge(10)).nextMs, s.settings.retentionMs - HOUR);
    });

    test('counts a revived task from its new end', async (s) => {
      const task = await s.submit();
      await s.cancel(task);
      await s.clock.advance(s.settings.retentionMs - 1);
      await s.revive(task);
      await s.cancel(task);
      await s.clock.advance(1);
      assert.equal((await s.store.purge(10)).purged, 0);
    });

    test('keeps the sum: accepted = kept + purged (C1)', async (s) => {
      const tasks = await s.submitMany(6);
      for (const task of tasks.slice(0, 4)) await s.cancel(task);
      await s.clock.advance(s.settings.retentionMs);
      await s.store.purge(3);
      const { accepted, purged, types } = await s.store.stats();
      assert.deepEqual([accepted, purged, types.mail?.pending, types.mail?.canceled], [6, 3, 2, 1]);
    });

    test('lets an id be used again', async (s) => {
      const submission = aSubmission();
      await s.store.submit([submission]);
      await s.cancel(submission.spec);
      await s.clock.advance(s.settings.retentionMs);
      await s.store.purge(10);
      const [again] = await s.store.submit([submission]);
      assert.ok(again?.state === 'created');
      assert.equal(again.task.version, 1);
      const attempts = (await s.task(submission.spec)).attempts;
      assert.deepEqual(attempts, [], 'nothing of the old one is left');
      const events = await s.events();
      await s.trimOutbox((await s.store.readOutbox(null, 100))[1]?.position ?? '');
      assert.equal(events.length, 3);
    });

    test(
      'takes slots of a handler that still drains with it, and lets in who waited for them (S5)',
      async (s) => {
        const running = await s.running({ key: 'k' });
        const waiting = await s.submit({ key: 'k' });
        await s.settle(running, fail(), { handler: 'running' });
        assert.deepEqual(await s.claim(10), []);
        await s.clock.advance(1000);
        await s.store.purge(10);
        assert.equal((await s.claimOne()).task.id, waiting.id);
      },
      { settings: { retentionMs: 1000 } },
    );

    test('forgets nodes not heard of for an hour', async (s) => {
      await s.store.reportNode(aNode({ id: 'old' }));
      await s.clock.advance(HOUR - 1);
      await s.store.reportNode(aNode({ id: 'young' }));
      await s.store.purge(10);
      assert.deepEqual((await s.store.nodes()).map(idOf), ['old', 'young']);
      await s.clock.advance(1);
      await s.store.purge(10);
      assert.deepEqual((await s.store.nodes()).map(idOf), ['young']);
    });

    test('after everything has ended and aged leaves nothing that can be seen (R1)', async (s) => {
      await s.store.reportNode(aNode());
      await s.submitMany(20, (n) => ({ key: `k${n % 3}`, max: 2, tags: ['t'], type: n % 2 ? 'mail' : 'image' }));
      for (let left = 20; left > 0; ) {
        const running = await s.claim(10, { types: ['mail', 'image'] });
        assert.ok(running.length > 0, `${left} wait and nothing runs`);
        for (const [n, one] of running.entries()) await s.settle(one, n % 2 ? succeed('1') : fail());
        left -= running.length;
      }
      await s.trimOutbox((await s.store.readOutbox(null, 1000)).at(-1)?.position ?? '');
      await s.clock.advance(s.settings.retentionMs + DAY);
      await s.store.purge(500);
      assert.deepEqual(await s.store.stats(), { types: {}, accepted: 20, purged: 20, minutes: [] });
      assert.deepEqual(await s.store.concurrency(), []);
      assert.deepEqual(await s.store.nodes(), []);
      assert.deepEqual(await s.store.list({ limit: 10, offset: 0, order: 'asc' }), { tasks: [], total: 0 });
      assert.deepEqual(await s.store.readOutbox(null, 10), []);
      assert.deepEqual(await s.store.sweepTimers(10), { promoted: 0, timedOut: 0, nextMs: null });
    });
  });
}

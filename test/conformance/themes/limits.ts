// Concurrency limits: never more than allowed (S1), never less than possible (S5), and nobody pays for others.
import assert from 'node:assert/strict';
import { typeKey } from '../../../src/domain/concurrency.ts';
import type { Claimed } from '../../../src/ports/task-store.ts';
import { cancelOutcome, fail, release, retryIn, SECOND, succeed } from '../builders.ts';
import { type Fixture, idOf, idOfClaimed } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function limits({ describe, test }: Suite): void {
  describe('one limit', () => {
    test('12 tasks, limit 3: three run at any time, in order, and all twelve succeed', async (s) => {
      const tasks = await s.submitMany(12, { key: 'user', max: 3 });
      let running = await s.claim(100);
      for (let left = tasks.length; left > 0; left--) {
        assert.equal(running.length, Math.min(3, left), `${left} are left`);
        const oldest = running.shift();
        assert.ok(oldest);
        assert.equal(oldest.task.id, tasks[tasks.length - left]?.id, 'in order of acceptance');
        await s.settle(oldest, succeed());
        running.push(...(await s.claim(100, { nodeId: `node-${left % 4}` })));
      }
      const page = await s.store.list({ status: 'success', limit: 100, offset: 0, order: 'asc' });
      assert.deepEqual(page.tasks.map(idOf), tasks.map(idOf));
    });

    test('many nodes claiming at once together stay below it (S1)', async (s) => {
      await s.submitMany(40, { key: 'k', max: 5 });
      const claims = Array.from({ length: 8 }, (_, n) => s.claim(10, { nodeId: `node-${n}` }));
      assert.equal((await Promise.all(claims)).flat().length, 5);
    });

    test('counts each key by itself', async (s) => {
      await s.submitMany(30, (n) => ({ key: `user-${n % 10}`, max: 2 }));
      const first = await s.claim(100);
      assert.equal(first.length, 20);
      for (let n = 0; n < 10; n++) {
        assert.equal(first.filter(({ task }) => task.concurrencyKey === `user-${n}`).length, 2);
      }
    });

    test('holds for tasks of different types that name the same key', async (s) => {
      await s.submitMany(4, (n) => ({ type: n % 2 ? 'a' : 'b', key: 'k', max: 2 }));
      assert.equal((await s.claim(10, { types: ['a'] })).length, 2);
      assert.equal((await s.claim(10, { types: ['b'] })).length, 0);
    });

    test('lets a task in while fewer than its own maximum run', async (s) => {
      const wide = await s.submitMany(3, { key: 'k', max: 3 });
      const narrow = await s.submit({ key: 'k', max: 1, priority: 5 });
      const [first] = await s.claim(1);
      assert.equal(first?.task.id, narrow.id);
      const more = await s.claim(10);
      assert.deepEqual(more.map(idOfClaimed), wide.slice(0, 2).map(idOf), 'three may run: the narrow one and two more');
      const again = await s.submit({ key: 'k', max: 1, priority: 5 });
      for (const claimed of [first, ...more.slice(0, 1)]) await s.settle(claimed, succeed());
      assert.deepEqual((await s.claim(10)).map(idOfClaimed), [wide[2]?.id], 'one still runs: no room for max 1');
      await s.settle(more[1] as Claimed, succeed());
      assert.deepEqual(await s.claim(10), [], 'the wide one still runs');
      assert.equal((await s.task(again)).status, 'pending');
    });

    test('of a type counts every running task of the type, also those that did not ask', async (s) => {
      await s.submitMany(3, { type: 'image' });
      const asks = { concurrencyKey: null, maxConcurrency: 3, limits: [{ key: typeKey('image'), max: 3 }] };
      await s.submitMany(3, { type: 'image', ...asks });
      const running = await s.claim(10, { types: ['image'] });
      assert.equal(running.length, 3);
      assert.ok(running.every(({ task }) => task.limits.length === 0));
      await s.settle(running[0] as Claimed, succeed());
      assert.equal((await s.claim(10, { types: ['image'] })).length, 1);
    });
  });

  describe('several limits of one task', () => {
    const both = (a: number, b: number) => ({
      limits: [
        { key: 'a', max: a },
        { key: 'b', max: b },
      ],
    });

    test('must all have room, and are taken together', async (s) => {
      await s.submitMany(5, both(3, 2));
      assert.equal((await s.claim(10)).length, 2, 'b is the narrower');
      await s.submitMany(3, { key: 'a', max: 3 });
      assert.equal((await s.claim(10)).length, 1, 'a has one left');
    });

    test('nobody holds one while waiting for another (S6)', async (s) => {
      await s.running({ key: 'b' });
      await s.submit({ ...both(1, 1), priority: 9 });
      const onlyA = await s.submit({ key: 'a', max: 1 });
      assert.deepEqual((await s.claim(10)).map(idOfClaimed), [onlyA.id]);
    });

    test('are freed together', async (s) => {
      const running = await s.running(both(1, 1));
      await s.submitMany(2, (n) => ({ key: n ? 'a' : 'b', max: 1 }));
      assert.deepEqual(await s.claim(10), []);
      await s.settle(running, fail());
      assert.equal((await s.claim(10)).length, 2);
    });

    test('crosswise never block each other for good', async (s) => {
      await s.submitMany(6, (n) => ({
        limits: [
          { key: `k${n % 3}`, max: 1 },
          { key: `k${(n + 1) % 3}`, max: 1 },
        ].sort((x, y) => (x.key < y.key ? -1 : 1)),
      }));
      let done = 0;
      for (let round = 0; round < 6; round++) {
        const running = await s.claim(10);
        assert.equal(running.length, 1, 'each pair of tasks shares a key');
        for (const one of running) await s.settle(one, succeed());
        done += running.length;
      }
      assert.equal(done, 6);
    });
  });

  describe('an operator limit', () => {
    test('wins over what tasks ask, downwards and upwards', async (s) => {
      await s.submitMany(10, { key: 'k', max: 3 });
      await s.store.setLimit('k', 2);
      assert.equal((await s.claim(10)).length, 2);
      await s.store.setLimit('k', 6);
      assert.equal((await s.claim(10)).length, 4);
      await s.store.setLimit('k', null);
      assert.equal((await s.claim(10)).length, 0, 'six run and each task wants fewer than three');
    });

    test('of 0 pauses the key and nothing else', async (s) => {
      await s.store.setLimit('k', 0);
      const paused = await s.submit({ key: 'k', max: 3, priority: 9 });
      const other = await s.submit();
      assert.deepEqual((await s.claim(10)).map(idOfClaimed), [other.id]);
      assert.equal((await s.task(paused)).pendingReason, 'paused');
      await s.store.setLimit('k', null);
      assert.equal((await s.claimOne()).task.id, paused.id);
    });

    test('of 0 on a type pauses the type, named by its tasks or not', async (s) => {
      await s.store.setLimit(typeKey('mail'), 0);
      const tasks = await s.submitMany(2, (n) => (n ? { key: 'k', max: 1 } : {}));
      assert.deepEqual(await s.claim(10), []);
      for (const task of tasks) assert.equal((await s.task(task)).pendingReason, 'paused');
      await s.store.setLimit(typeKey('mail'), 1);
      assert.equal((await s.claim(10)).length, 1);
    });

    test('lowered below what runs evicts nobody and admits nobody', async (s) => {
      await s.submitMany(6, { key: 'k', max: 4 });
      const running = await s.claim(10);
      await s.store.setLimit('k', 2);
      for (const [index, one] of running.entries()) {
        assert.equal((await s.heartbeat(one)).state, 'held');
        await s.settle(one, succeed());
        const started = (await s.claim(10)).length;
        assert.equal(started, index < 2 ? 0 : 1, `${index + 1} of 4 have ended`);
      }
    });

    test('on a type limits tasks that named no limit', async (s) => {
      await s.submitMany(5);
      await s.store.setLimit(typeKey('mail'), 2);
      assert.equal((await s.claim(10)).length, 2);
    });

    test('counts what was started before it was set', async (s) => {
      await s.submitMany(6);
      assert.equal((await s.claim(4)).length, 4);
      await s.store.setLimit(typeKey('mail'), 5);
      assert.equal((await s.claim(10)).length, 1);
    });

    test('set twice is set once (I15)', async (s) => {
      await s.store.setLimit('k', 2);
      await s.store.setLimit('k', 2);
      await s.submitMany(5, { key: 'k', max: 9 });
      assert.equal((await s.claim(10)).length, 2);
    });
  });

  describe('a full key', () => {
    test('never holds up other work: a free task behind 5,000 blocked ones is the next', async (s) => {
      await s.running({ key: 'busy' });
      for (let page = 0; page < 5; page++) await s.submitMany(1000, { key: 'busy', max: 1, priority: 5 });
      const free = await s.submit({ key: 'idle', max: 1 });
      assert.deepEqual((await s.claim(10)).map(idOfClaimed), [free.id]);
    });

    test('lets tasks of other types and other keys pass in their order', async (s) => {
      await s.running({ key: 'busy', type: 'a' });
      await s.submitMany(3, { key: 'busy', type: 'a', priority: 9 });
      const rest = await s.submitMany(4, (n) => ({
        type: n % 2 ? 'a' : 'b',
        ...(n < 2 ? { key: 'idle', max: 5 } : {}),
      }));
      assert.deepEqual((await s.claim(10, { types: ['a', 'b'] })).map(idOfClaimed), rest.map(idOf));
    });

    test('serves the better task first when room comes, whatever waited longer', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.submitMany(3, { key: 'k', max: 1 });
      assert.deepEqual(await s.claim(10), []);
      const urgent = await s.submit({ key: 'k', max: 1, priority: 7 });
      assert.deepEqual(await s.claim(10), []);
      await s.settle(running, succeed());
      assert.equal((await s.claimOne()).task.id, urgent.id);
    });
  });

  // S5: a free slot, an eligible task and an idle node meet, on every path by which room is made.
  describe('room is made', () => {
    const WAYS: Record<string, (s: Fixture, running: Claimed) => Promise<unknown>> = {
      'by success': (s, running) => s.settle(running, succeed()),
      'by failure': (s, running) => s.settle(running, fail()),
      'by a retry that waits': (s, running) => s.settle(running, retryIn(3600 * SECOND)),
      'by a cancel': async (s, running) => {
        await s.cancel(running.task);
        await s.settle(running, cancelOutcome);
      },
      'by the end of the lease, swept or not': async (s) => s.clock.advance(s.settings.leaseMs),
      'by a sweeper that settles the lost lease': async (s, running) => {
        await s.clock.advance(s.settings.leaseMs);
        await s.settle(running, fail(), { by: 'sweeper' });
      },
      'by a handler that stops after its task was settled': async (s, running) => {
        await s.settle(running, fail(), { handler: 'running' });
        await s.release(running);
      },
      'by the end of a draining slot': async (s, running) => {
        await s.settle(running, fail(), { handler: 'running' });
        await s.clock.advance(s.settings.leaseMs);
      },
      'by a raised operator limit': (s) => s.store.setLimit('k', 2),
      'by an operator limit that is taken away': async (s) => {
        await s.store.setLimit('k', 1);
        await s.claim(10);
        await s.store.setLimit('k', 2);
        await s.store.setLimit('k', null);
        await s.store.setLimit('k', 2);
      },
    };
    for (const [way, make] of Object.entries(WAYS)) {
      test(`${way}: the waiting task runs (S5)`, async (s) => {
        const running = await s.running({ key: 'k' });
        const waiting = await s.submit({ key: 'k' });
        assert.deepEqual(await s.claim(10), [], 'full');
        await make(s, running);
        assert.deepEqual((await s.claim(10)).map(idOfClaimed), [waiting.id]);
      });
    }

    test('for each of several types that wait for it', async (s) => {
      const running = await s.running({ key: 'k', type: 'a' });
      await s.submit({ key: 'k', type: 'nobody-handles-this', priority: 9 });
      const waiting = await s.submit({ key: 'k', type: 'b' });
      assert.deepEqual(await s.claim(10, { types: ['a', 'b', 'nobody-handles-this'] }), []);
      await s.settle(running, succeed());
      assert.equal((await s.claimOne({ types: ['b'] })).task.id, waiting.id);
    });

    test('and handed on when who was woken does not take it', async (s) => {
      const running = await s.running({ key: 'k' });
      const [first, second] = await s.submitMany(2, (n) => ({
        limits: n
          ? [{ key: 'k', max: 1 }]
          : [
              { key: 'k', max: 1 },
              { key: 'other', max: 5 },
            ],
      }));
      assert.ok(first && second);
      assert.deepEqual(await s.claim(10), []);
      await s.settle(running, succeed());
      await s.cancel(first);
      assert.equal((await s.claimOne()).task.id, second.id);
    });

    test('and handed on when who was woken is stopped by another full key', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.running({ key: 'other', max: 1 });
      const two = {
        limits: [
          { key: 'k', max: 1 },
          { key: 'other', max: 1 },
        ],
        priority: 5,
      };
      await s.submit(two);
      const second = await s.submit({ key: 'k' });
      assert.deepEqual(await s.claim(10), []);
      await s.settle(running, succeed());
      assert.equal((await s.claimOne()).task.id, second.id);
    });

    test('and a better task that comes before it is taken goes first, though others were woken for it', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.submit({ key: 'k' });
      const alike = {
        limits: [
          { key: 'k', max: 1 },
          { key: 'other', max: 5 },
        ],
      };
      await s.submit(alike);
      assert.deepEqual(await s.claim(10), []);
      await s.settle(running, succeed());
      const urgent = await s.submit({ ...alike, priority: 9 });
      assert.equal((await s.claimOne()).task.id, urgent.id);
    });

    test('for tasks of different maxima on one key: those whose own maximum is above what runs', async (s) => {
      const [a, b] = [await s.running({ key: 'k', max: 2 }), await s.running({ key: 'k', max: 2 })];
      await s.submit({ key: 'k', max: 1, priority: 9 });
      const wide = await s.submit({ key: 'k', max: 2 });
      assert.deepEqual(await s.claim(10), []);
      await s.settle(a, succeed());
      assert.deepEqual((await s.claim(10)).map(idOfClaimed), [wide.id]);
      await s.settle(b, succeed());
      assert.deepEqual(await s.claim(10), []);
    });

    test('by the released slot of the same task: it runs again', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.settle(running, release);
      assert.equal((await s.claimOne()).task.id, running.task.id);
    });
  });

  describe('slots of a handler that still runs', () => {
    test('stay taken after a forced settlement until it has stopped (S2)', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.submit({ key: 'k' });
      await s.settle(running, cancelOutcome, { handler: 'running' });
      assert.deepEqual(await s.claim(10), []);
      await s.release(running);
      assert.equal((await s.claim(10)).length, 1);
    });

    test('stay at the latest until the lease would have ended', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.submit({ key: 'k' });
      await s.clock.advance(30 * SECOND);
      await s.settle(running, fail(), { handler: 'running' });
      await s.clock.advance(60 * SECOND - 1);
      assert.deepEqual(await s.claim(10), []);
      await s.clock.advance(1);
      assert.equal((await s.claim(10)).length, 1);
    });

    test(
      'stay at the latest for semaphore_expiration',
      async (s) => {
        const running = await s.running({ key: 'k' });
        await s.submit({ key: 'k' });
        await s.settle(running, fail(), { handler: 'running' });
        await s.clock.advance(10 * SECOND - 1);
        assert.deepEqual(await s.claim(10), []);
        await s.clock.advance(1);
        assert.equal((await s.claim(10)).length, 1);
      },
      { settings: { semaphoreExpirationMs: 10 * SECOND } },
    );

    test('also hold back the next attempt of the same task', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.settle(running, retryIn(0), { handler: 'running' });
      assert.deepEqual(await s.claim(10), []);
      await s.release(running);
      assert.equal((await s.claimOne()).task.id, running.task.id);
    });

    test('are freed by their own token only (S3)', async (s) => {
      await s.submitMany(3, { key: 'k', max: 2 });
      const [a, b] = await s.claim(10);
      assert.ok(a && b);
      await s.settle(a, fail(), { handler: 'running' });
      await s.release({ lease: { id: a.lease.id, token: b.lease.token } });
      await s.release({ lease: { id: b.lease.id, token: a.lease.token } });
      assert.deepEqual(await s.claim(10), []);
      await s.release(a);
      await s.release(a);
      assert.equal((await s.claim(10)).length, 1, 'freed twice is freed once');
    });

    test('of a lease that is held are not freed by release', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.submit({ key: 'k' });
      await s.release(running);
      assert.deepEqual(await s.claim(10), []);
      assert.equal((await s.heartbeat(running)).state, 'held');
    });

    test('of one that a sweeper settled are gone with the lease', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.submit({ key: 'k' });
      await s.clock.advance(s.settings.leaseMs);
      await s.settle(running, fail(), { handler: 'running', by: 'sweeper' });
      assert.equal((await s.claim(10)).length, 1);
    });
  });

  describe('a lease that is over', () => {
    test('gives its slot to the next claim before any sweep', async (s) => {
      await s.running({ key: 'k' });
      const next = await s.submit({ key: 'k' });
      await s.clock.advance(s.settings.leaseMs - 1);
      assert.deepEqual(await s.claim(10), []);
      await s.clock.advance(1);
      assert.equal((await s.claimOne()).task.id, next.id);
    });

    test('of the old holder frees nothing of the new one (S3)', async (s) => {
      const old = await s.running({ key: 'k' });
      await s.submitMany(2, { key: 'k' });
      await s.clock.advance(s.settings.leaseMs);
      const next = await s.claimOne();
      await s.settle(old, fail(), { by: 'sweeper' });
      await s.settle(old, succeed());
      await s.release(old);
      assert.deepEqual(await s.claim(10), [], 'the slot belongs to the new holder');
      assert.equal((await s.heartbeat(next)).state, 'held');
    });

    test('renewed in time keeps its slot', async (s) => {
      const running = await s.running({ key: 'k' });
      await s.submit({ key: 'k' });
      for (let n = 0; n < 5; n++) {
        await s.clock.advance(s.settings.leaseMs - 1);
        assert.equal((await s.heartbeat(running)).state, 'held');
        assert.deepEqual(await s.claim(10), []);
      }
    });
  });
}

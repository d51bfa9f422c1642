// Locks and semaphores of users: who holds, for how long, and the fence that proves it to others.
import assert from 'node:assert/strict';
import { SECOND } from '../builders.ts';
import type { Suite } from '../suite.ts';

export function locks({ describe, test }: Suite): void {
  const lock = { key: 'door', owner: 'a', max: 1, ttlMs: 10 * SECOND };

  describe('a lock', () => {
    test('is held by one owner until released', async ({ locks }) => {
      const hold = await locks.acquire(lock);
      assert.ok(hold);
      assert.deepEqual(hold, { key: 'door', owner: 'a', fence: hold.fence, remainingMs: 10 * SECOND });
      assert.equal(await locks.acquire({ ...lock, owner: 'b' }), null);
      await locks.release('door', 'a');
      assert.equal((await locks.acquire({ ...lock, owner: 'b' }))?.owner, 'b');
    });

    test('asked for again by the same owner is the hold it has (I15)', async ({ locks, clock }) => {
      const hold = await locks.acquire(lock);
      await clock.advance(SECOND);
      assert.deepEqual(await locks.acquire(lock), { ...hold, remainingMs: 9 * SECOND });
    });

    test('is free again the instant its time is over', async ({ locks, clock }) => {
      await locks.acquire(lock);
      await clock.advance(10 * SECOND - 1);
      assert.equal(await locks.acquire({ ...lock, owner: 'b' }), null);
      await clock.advance(1);
      assert.ok(await locks.acquire({ ...lock, owner: 'b' }));
      assert.equal(await locks.renew(lock), null, 'the old owner has lost it');
    });

    test('lasts one time-to-live from each renewal', async ({ locks, clock }) => {
      const hold = await locks.acquire(lock);
      await clock.advance(9 * SECOND);
      assert.deepEqual(await locks.renew(lock), hold);
      await clock.advance(9 * SECOND);
      assert.equal(await locks.acquire({ ...lock, owner: 'b' }), null);
    });

    test('cannot be renewed by who does not hold it', async ({ locks }) => {
      assert.equal(await locks.renew(lock), null);
      await locks.acquire(lock);
      assert.equal(await locks.renew({ ...lock, owner: 'b' }), null);
    });

    test('cannot be released by who does not hold it', async ({ locks }) => {
      await locks.acquire(lock);
      await locks.release('door', 'b');
      await locks.release('window', 'a');
      assert.equal(await locks.acquire({ ...lock, owner: 'b' }), null);
    });

    test('of another name is another lock', async ({ locks }) => {
      await locks.acquire(lock);
      assert.ok(await locks.acquire({ ...lock, key: 'Door' }));
    });

    test('has a fence larger than every earlier one of its key, whatever ended them', async ({ locks, clock }) => {
      const fences: number[] = [];
      for (let n = 0; n < 6; n++) {
        const hold = await locks.acquire({ ...lock, owner: n % 2 ? 'a' : 'b' });
        assert.ok(hold);
        fences.push(hold.fence);
        if (n % 3) await locks.release('door', hold.owner);
        else await clock.advance(10 * SECOND);
      }
      assert.deepEqual(
        fences,
        [...new Set(fences)].sort((a, b) => a - b),
      );
    });
  });

  describe('a semaphore', () => {
    const seats = { ...lock, key: 'seats', max: 3 };
    test('is held by at most so many owners', async ({ locks }) => {
      for (const owner of ['a', 'b', 'c']) assert.ok(await locks.acquire({ ...seats, owner }));
      assert.equal(await locks.acquire({ ...seats, owner: 'd' }), null);
      assert.ok(await locks.acquire({ ...seats, owner: 'b' }), 'who has a seat keeps it');
      await locks.release('seats', 'b');
      assert.ok(await locks.acquire({ ...seats, owner: 'd' }));
    });

    test('frees each seat by itself when its time is over', async ({ locks, clock }) => {
      for (const owner of ['a', 'b', 'c']) {
        await locks.acquire({ ...seats, owner });
        await clock.advance(SECOND);
      }
      await clock.advance(7 * SECOND);
      assert.ok(await locks.acquire({ ...seats, owner: 'd' }), 'the first seat is over');
      assert.equal(await locks.acquire({ ...seats, owner: 'e' }), null, 'the second is not');
    });
  });

  describe('holds', () => {
    test('lists what is held, sorted by key', async ({ locks, clock }) => {
      await locks.acquire({ ...lock, key: 'z' });
      await locks.acquire({ ...lock, key: 'a', ttlMs: SECOND });
      await locks.acquire({ ...lock, key: 'm', owner: 'b' });
      assert.deepEqual(
        (await locks.holds()).map(({ key, owner, remainingMs }) => [key, owner, remainingMs]),
        [
          ['a', 'a', SECOND],
          ['m', 'b', 10 * SECOND],
          ['z', 'a', 10 * SECOND],
        ],
      );
      await clock.advance(SECOND);
      assert.deepEqual(
        (await locks.holds()).map(({ key }) => key),
        ['m', 'z'],
      );
    });
  });
}

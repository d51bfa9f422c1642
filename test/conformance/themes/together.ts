// Tasks that came in one call, alike in all but their ids: a store may keep them as one thing, and nobody can tell.
import assert from 'node:assert/strict';
import type { Task } from '../../../src/domain/task.ts';
import { release, SECOND, succeed, type TaskWish } from '../builders.ts';
import { type Fixture, idOf, idOfClaimed } from '../fixture.ts';
import type { Suite } from '../suite.ts';

const WISHES: readonly (readonly [string, TaskWish])[] = [
  ['ready', {}],
  ['urgent', { priority: 7 }],
  ['delayed until now', { due: { afterMs: SECOND } }],
  ['of one key', { key: 'k', max: 100 }],
];

export function together({ describe, test }: Suite): void {
  describe('tasks that came together', () => {
    for (const [how, wish] of WISHES) {
      test(`and are ${how} are taken a few at a time, in order`, async (s) => {
        const ids = (await some(s, 9, wish)).map(idOf);
        const taken: string[] = [];
        for (const count of [1, 3, 4, 5]) taken.push(...(await s.claim(count)).map(idOfClaimed));
        assert.deepEqual(taken, ids);
      });

      test(`and are ${how} stay in order when some of them are canceled`, async (s) => {
        const tasks = await some(s, 12, wish);
        // The first, the last, one alone, several beside each other, not in their order.
        const canceled = [11, 7, 0, 3, 8];
        await s.store.cancel(canceled.map((at) => ({ id: tasks[at]?.id ?? '' })));
        assert.equal((await s.store.stats()).types['mail']?.demand, 7);
        const left = tasks.filter((_, at) => !canceled.includes(at)).map(idOf);
        assert.deepEqual(await s.claimAll(), left);
      });

      test(`and are ${how} can be canceled one after the other`, async (s) => {
        const tasks = await some(s, 5, wish);
        for (const at of [2, 1, 4, 0]) await s.cancel(tasks[at] as Task);
        assert.deepEqual(await s.claimAll(), [tasks[3]?.id]);
      });
    }

    test('one that comes back is before those that came after it', async (s) => {
      const tasks = await s.submitMany(6);
      const [, second, third] = await s.claim(3);
      assert.ok(second && third);
      await s.settle(third, release);
      await s.settle(second, release);
      assert.deepEqual(
        await s.claimAll(),
        [1, 2, 3, 4, 5].map((at) => tasks[at]?.id),
      );
    });

    test('behind a full key run one after the other, without those that were canceled', async (s) => {
      const tasks = await s.submitMany(6, { key: 'k', max: 1 });
      for (const at of [0, 2, 3, 5]) {
        if (at === 2) await s.cancel(tasks[1] as Task);
        if (at === 5) await s.cancel(tasks[4] as Task);
        const claimed = await s.claim(10);
        assert.deepEqual(claimed.map(idOfClaimed), [tasks[at]?.id]);
        for (const one of claimed) await s.settle(one, succeed());
      }
      assert.deepEqual(await s.claim(10), []);
    });

    test('are counted where they wait for a key', async (s) => {
      await s.submitMany(6, { key: 'k', max: 2 });
      await s.claim(10);
      const [key] = await s.store.concurrency();
      assert.equal(key?.waiting, 4);
      assert.equal(key?.holders.length, 2);
    });

    test('and others of two calls are taken in the order of their coming', async (s) => {
      const ids: string[] = [];
      for (let call = 0; call < 4; call++) {
        const type = call % 2 === 0 ? 'mail' : 'other';
        ids.push(...(await s.submitMany(3, { type })).map(idOf));
      }
      const types = ['mail', 'other'];
      const taken = [
        ...(await s.claim(2, { types })),
        ...(await s.claim(5, { types })),
        ...(await s.claim(9, { types })),
      ];
      assert.deepEqual(taken.map(idOfClaimed), ids);
    });

    test('of which some waited too long, beside others of the same call that may wait', async (s) => {
      const tasks = await s.submitMany(8, (at) => (at % 4 < 2 ? { queueTimeoutMs: SECOND } : {}));
      await s.clock.advance(2 * SECOND);
      assert.deepEqual(
        await s.claimAll(),
        [2, 3, 6, 7].map((at) => tasks[at]?.id),
      );
    });
  });
}

/** Tasks that are ready: what is delayed has become due. */
async function some(s: Fixture, count: number, wish: TaskWish): Promise<Task[]> {
  const tasks = await s.submitMany(count, wish);
  if (wish.due) await s.clock.advance(2 * SECOND);
  return tasks;
}

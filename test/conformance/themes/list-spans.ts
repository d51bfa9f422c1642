// Lists of what was accepted in a span of time: exact at both ends, with every other filter, and with holes.
import assert from 'node:assert/strict';
import { STATUSES, type TaskWithAttempts } from '../../../src/domain/task.ts';
import type { ListQuery } from '../../../src/ports/task-store.ts';
import { nextUuid, SECOND, succeed } from '../builders.ts';
import { type Fixture, idOf } from '../fixture.ts';
import { allTasks } from '../invariants.ts';
import type { Suite } from '../suite.ts';

type Span = Pick<ListQuery, 'createdFrom' | 'createdBefore'>;
type Filter = Pick<ListQuery, 'status' | 'type' | 'tag' | 'concurrencyKey' | 'parentId'>;

const PARENT = nextUuid();
const BATCHES = 13;
const PER_BATCH = 90;

export function listSpans({ describe, test }: Suite): void {
  describe('a list of a span of time', () => {
    test('is what a walk through all tasks finds, also where tasks were purged', async (s) => {
      const start = s.clock.now();
      await tasksOverTime(s);
      const all = await allTasks(s.store);
      const ends = [0, 1, 6 * SECOND - 1, 6 * SECOND, 11 * SECOND, 60 * SECOND];
      const spans = ends.flatMap((from) =>
        ends.map((to) => ({ createdFrom: start + from, createdBefore: start + to })),
      );
      const open = ends.flatMap((at) => [{ createdFrom: start + at }, { createdBefore: start + at }]);
      for (const span of [...spans, ...open]) await compare(s, all, span, {});
      const filters: Filter[] = [
        ...STATUSES.map((status) => ({ status })),
        { type: 'mail' },
        { type: 'image', status: 'pending' },
        { tag: 'red' },
        { tag: 'red', concurrencyKey: 'user-1' },
        { parentId: PARENT },
        { type: 'mail', status: 'success', tag: 'red', parentId: PARENT },
      ];
      for (const filter of filters)
        for (const span of [...open, { createdFrom: start + SECOND, createdBefore: start + 9 * SECOND }])
          await compare(s, all, span, filter);
    });

    test('of an empty store is empty', async (s) => {
      const span = { createdFrom: 0, createdBefore: s.clock.now() + SECOND };
      assert.deepEqual(await s.store.list({ ...span, limit: 5, offset: 0, order: 'asc' }), { tasks: [], total: 0 });
    });

    test('that ends in the past stays as it is while new tasks come', async (s) => {
      await s.submitMany(5);
      await s.clock.advance(1);
      const query = { createdBefore: s.clock.now(), limit: 3, offset: 2, order: 'desc' } as const;
      const before = await s.store.list(query);
      await s.submitMany(7);
      assert.deepEqual((await s.store.list(query)).tasks.map(idOf), before.tasks.map(idOf));
    });
  });
}

/** Batches a second apart, of every status, with the oldest successes purged. */
async function tasksOverTime(s: Fixture): Promise<void> {
  await s.submitMany(PER_BATCH, { type: 'old' });
  for (const claimed of await s.claim(PER_BATCH / 2, { types: ['old'] })) await s.settle(claimed, succeed());
  await s.clock.advance(s.settings.retentionMs);
  await s.store.purge(1000);
  for (let batch = 0; batch < BATCHES; batch++) {
    const tasks = await s.submitMany(PER_BATCH, (n) => ({
      type: n % 3 ? 'mail' : 'image',
      tags: n % 4 ? [] : ['red'],
      parentId: n % 5 ? null : PARENT,
      ...(n % 7 ? {} : { key: `user-${n % 2}`, max: 100 }),
    }));
    for (const claimed of await s.claim(20)) await s.settle(claimed, succeed());
    await s.claim(2);
    for (const task of tasks.slice(-5)) await s.cancel(task);
    await s.clock.advance(SECOND);
  }
}

async function compare(s: Fixture, all: readonly TaskWithAttempts[], span: Span, filter: Filter): Promise<void> {
  const expected = all.filter((task) => isWithin(task, span) && fits(task, filter)).map(idOf);
  const middle = Math.floor(expected.length / 2);
  for (const [order, offset] of [
    ['asc', middle],
    ['desc', 0],
  ] as const) {
    const page = await s.store.list({ ...span, ...filter, limit: 4, offset, order });
    const inOrder = order === 'asc' ? expected : expected.toReversed();
    const what = JSON.stringify({ span, filter, offset, order });
    assert.equal(page.total, expected.length, `total of ${what}`);
    assert.deepEqual(page.tasks.map(idOf), inOrder.slice(offset, offset + 4), what);
  }
}

function isWithin({ createdAt }: TaskWithAttempts, { createdFrom, createdBefore }: Span): boolean {
  return createdAt >= (createdFrom ?? createdAt) && createdAt < (createdBefore ?? Number.POSITIVE_INFINITY);
}

function fits(task: TaskWithAttempts, { status, type, tag, concurrencyKey, parentId }: Filter): boolean {
  return (
    (status ?? task.status) === task.status &&
    (type ?? task.type) === task.type &&
    (tag === undefined || task.tags.includes(tag)) &&
    (concurrencyKey === undefined || task.concurrencyKey === concurrencyKey) &&
    (parentId === undefined || task.parentId === parentId)
  );
}

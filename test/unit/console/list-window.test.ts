// Listing a span of time: pages stay put while new tasks arrive.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { type Scene, startScene } from '../server/scene.ts';

interface Page {
  readonly total: number;
  readonly tasks: readonly { readonly id: string }[];
}

async function list(scene: Scene, query: string): Promise<Page> {
  const { status, text } = await scene.call('GET', `/api/v1/tasks?${query}`);
  assert.equal(status, 200, text);
  return JSON.parse(text) as Page;
}

const START = Date.UTC(2026, 0, 1);
const at = (second: number): string => new Date(START + second * 1000).toISOString();

/** Tasks 0 to n-1, one per second, the even ones tagged. */
async function submitted(scene: Scene, clock: ManualClock, n: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < n; i++) {
    ids.push(await scene.submit({ type: 'a', ...(i % 2 === 0 ? { tags: ['even'] } : {}) }));
    clock.advance(1000);
  }
  return ids;
}

for (const store of ['model', 'memory']) {
  describe(`a list of a span of time (store ${store})`, () => {
    it('has exactly the tasks accepted within it, in either order, page by page', async () => {
      const clock = new ManualClock({ now: START });
      await using scene = await startScene({ store, clock });
      const ids = await submitted(scene, clock, 12);
      for (let from = 0; from <= 12; from += 3) {
        for (let to = from; to <= 12; to += 2) {
          const span = `created_after=${at(from)}&created_before=${at(to)}`;
          const wanted = ids.slice(from, to);
          for (const order of ['asc', 'desc']) {
            const paged: string[] = [];
            for (let offset = 0; offset < wanted.length; offset += 2) {
              const page = await list(scene, `${span}&order=${order}&limit=2&offset=${offset}`);
              assert.equal(page.total, wanted.length);
              paged.push(...page.tasks.map(({ id }) => id));
            }
            assert.deepEqual(paged, order === 'asc' ? wanted : wanted.toReversed());
          }
        }
      }
    });

    it('filters as the list does', async () => {
      const clock = new ManualClock({ now: START });
      await using scene = await startScene({ store, clock });
      const ids = await submitted(scene, clock, 10);
      const page = await list(scene, `tag=even&created_after=${at(3)}&limit=50`);
      assert.deepEqual(
        page.tasks.map(({ id }) => id),
        [ids[8], ids[6], ids[4]],
      );
      assert.equal(page.total, 3);
    });

    it('stays put while new tasks arrive', async () => {
      const clock = new ManualClock({ now: START });
      await using scene = await startScene({ store, clock });
      await submitted(scene, clock, 6);
      const query = `created_before=${at(6)}&limit=3&offset=3`;
      const before = await list(scene, query);
      await submitted(scene, clock, 5);
      assert.deepEqual(await list(scene, query), before);
    });
  });
}

it('finds every instant among thousands of tasks with one question, however unevenly they came', async () => {
  const clock = new ManualClock({ now: START });
  let asked = 0;
  await using scene = await startScene({
    store: 'memory',
    clock,
    wrap: (engine) => ({
      ...engine,
      list: (query) => {
        asked++;
        return engine.list(query);
      },
    }),
  });
  const accepted: number[] = [];
  for (let batch = 0; batch < 40; batch++) {
    // Long pauses and bursts within one millisecond.
    const n = 1 + ((batch * 37) % 150);
    await scene.call('POST', '/api/v1/tasks/batch', { tasks: Array.from({ length: n }, () => ({ type: 'a' })) });
    accepted.push(...Array.from({ length: n }, () => clock.now()));
    clock.advance(batch % 7 === 0 ? 3_600_000 : 1 + (batch % 3) * 40);
  }
  for (const instant of new Set(accepted)) {
    for (const since of [instant, instant + 1]) {
      asked = 0;
      const { total } = await list(scene, `limit=1&created_after=${new Date(since).toISOString()}`);
      assert.equal(total, accepted.filter((at) => at >= since).length);
      assert.equal(asked, 1);
    }
  }
});

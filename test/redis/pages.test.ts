// What one script does at once is bounded; a call of the port that asks for more is served in pages, and nobody can tell.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import { CLAIM_LANES, PAGE, submitPageEnd } from '../../src/adapters/redis/pages.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import type { Claimed, Settlement } from '../../src/ports/task-store.ts';
import { aSubmission, HOUR, MINUTE, SECOND, SETTINGS, succeed, type TaskWish } from '../conformance/builders.ts';
import { testServer } from './store-under-test.ts';

/** More than any page. */
const MANY = 2 * Math.max(...Object.values(PAGE)) + 50;

interface Bench {
  readonly store: RedisStore;
  readonly pass: (ms: number) => void;
  /** Ids in the order of acceptance. */
  readonly submit: (count: number, wish?: (index: number) => TaskWish) => Promise<string[]>;
  readonly claim: (count: number, types?: readonly string[]) => Promise<Claimed[]>;
}

let claims = 0;

async function withStore(body: (bench: Bench) => Promise<void>): Promise<void> {
  const server = await testServer();
  await server.command('FLUSHALL');
  let now = 1_767_225_600_000;
  const store = await openRedisStore({
    addr: server.addr,
    settings: SETTINGS,
    clock: systemClock,
    storeTime: () => now,
  });
  try {
    await body({
      store,
      pass: (ms) => {
        now += ms;
      },
      submit: async (count, wish = () => ({})) => {
        const batch = Array.from({ length: count }, (_, index) => aSubmission(wish(index)));
        const replies = await store.submit(batch);
        assert.ok(replies.every(({ state }) => state === 'created'));
        return batch.map(({ spec }) => spec.id);
      },
      claim: (count, types = ['mail']) => {
        claims += 1;
        return store.claim({ requestId: `pages/${claims}`, nodeId: 'node-1', types, count });
      },
    });
  } finally {
    await store.close();
  }
}

const page = (title: string, body: (bench: Bench) => Promise<void>) => void it(title, () => withStore(body));
const tokens = (claimed: readonly Claimed[]) => claimed.map(({ lease }) => lease.token);
const successOf = ({ lease: { id, token } }: Claimed): Settlement => {
  return { id, token, outcome: succeed(), handler: 'ended', by: 'holder' };
};

void describe('a claim', () => {
  page('takes tasks of more lanes than one call looks at', async ({ submit, claim }) => {
    const ids = await submit(3 * CLAIM_LANES + 1, (index) => ({ key: `key ${index}` }));
    assert.deepEqual(
      (await claim(ids.length)).map(({ task }) => task.id),
      ids,
    );
  });

  page('finds the one free task behind lanes that are all full', async ({ store, submit, claim }) => {
    await store.setLimit('type:full', 0);
    await submit(3 * CLAIM_LANES, (index) => ({ type: 'full', key: `key ${index}`, priority: 5 }));
    const [free] = await submit(1);
    assert.deepEqual(
      (await claim(10, ['full', 'mail'])).map(({ task }) => task.id),
      [free],
    );
  });

  page(
    'of very many answers the same leases when it is made again, and takes nothing more',
    async ({ store, submit }) => {
      await submit(MANY + 10);
      const request = { requestId: 'lost reply', nodeId: 'node-1', types: ['mail'], count: MANY };
      const first = await store.claim(request);
      assert.equal(new Set(tokens(first)).size, MANY);
      assert.deepEqual(tokens(await store.claim(request)), tokens(first));
      await store.settle(first.slice(0, PAGE.claim + 1).map(successOf));
      assert.deepEqual(tokens(await store.claim(request)), tokens(first).slice(PAGE.claim + 1));
      assert.equal((await store.stats()).types['mail']?.pending, 10);
    },
  );
});

void describe('many tasks in one call are answered in their order', () => {
  page('by settle', async ({ store, submit, claim }) => {
    await submit(MANY);
    const batch = (await claim(MANY))
      .map(successOf)
      .map((one, index) => (index % 50 === 7 ? { ...one, token: 1 } : one));
    const states = (await store.settle(batch)).map(({ state }) => state);
    assert.deepEqual(
      states,
      batch.map((_, index) => (index % 50 === 7 ? 'lease_lost' : 'settled')),
    );
  });

  page('by heartbeat and progress', async ({ store, submit, claim }) => {
    await submit(MANY);
    const leases = (await claim(MANY)).map(({ lease: { id, token } }, at) => ({
      id,
      token: at % 70 === 3 ? 1 : token,
    }));
    const isHeld = leases.map((_, at) => at % 70 !== 3);
    const beats = await store.heartbeat({ nodeId: 'node-1', leases });
    assert.deepEqual(
      beats.map(({ state }) => state === 'held'),
      isHeld,
    );
    const reports = await store.progress(leases.map((lease) => ({ ...lease, progress: '1' })));
    assert.deepEqual(
      reports.map(({ state }) => state === 'recorded'),
      isHeld,
    );
  });

  page('by get, cancel and revive', async ({ store, submit }) => {
    const ids = await submit(MANY);
    ids.splice(300, 0, '0198c0de-0000-7000-8000-000000000000');
    const idsOf = (replies: readonly { readonly task?: { readonly id: string }; readonly state: string }[]) =>
      replies.map(({ task }) => task?.id ?? null);
    const expected = ids.map((id, index) => (index === 300 ? null : id));
    assert.deepEqual(
      (await store.get(ids)).map((task) => task?.id ?? null),
      expected,
    );
    assert.deepEqual(idsOf(await store.cancel(ids.map((id) => ({ id })))), expected);
    assert.deepEqual(idsOf(await store.revive(ids)), expected);
  });

  for (const order of ['asc', 'desc'] as const) {
    page(`by list, ${order}`, async ({ store, submit }) => {
      const ids = await submit(1300, (index) => ({ tags: index % 3 === 0 ? ['third'] : [] }));
      const wanted = order === 'asc' ? ids : ids.toReversed();
      const all = await store.list({ order, limit: 1000, offset: 7 });
      assert.deepEqual(
        all.tasks.map(({ id }) => id),
        wanted.slice(7, 1007),
      );
      const third = await store.list({ order, limit: 1000, offset: 2, tag: 'third', status: 'pending' });
      assert.deepEqual(
        third.tasks.map(({ id }) => id),
        wanted.filter((id) => ids.indexOf(id) % 3 === 0).slice(2),
      );
    });
  }

  page('by stats: what is said of each type', async ({ store, submit, pass }) => {
    const types = Array.from({ length: 2 * PAGE.types + 5 }, (_, index) => `type${index}`);
    for (const type of types) await submit(2, () => ({ type }));
    pass(5 * SECOND);
    const stats = await store.stats();
    assert.deepEqual(
      types.map((type) => [stats.types[type]?.pending, stats.types[type]?.oldestPendingMs, stats.types[type]?.demand]),
      types.map(() => [2, 5 * SECOND, 2]),
    );
  });

  page('by holds: sorted by key', async ({ store }) => {
    const keys = Array.from({ length: 2 * PAGE.holds + 5 }, (_, index) => `lock ${String(index).padStart(4, '0')}`);
    await Promise.all(keys.map((key) => store.locks.acquire({ key, owner: 'me', max: 1, ttlMs: MINUTE })));
    assert.deepEqual(
      (await store.locks.holds()).map(({ key }) => key),
      keys,
    );
  });
});

void describe('a sweep', () => {
  page('makes as many due tasks ready as it is asked for', async ({ store, submit, pass }) => {
    await submit(3 * PAGE.sweep + 20, () => ({ due: { afterMs: MINUTE } }));
    pass(MINUTE);
    const first = await store.sweepTimers(2 * PAGE.sweep + 10);
    assert.deepEqual([first.promoted, first.nextMs], [2 * PAGE.sweep + 10, 0]);
    const second = await store.sweepTimers(500);
    assert.deepEqual([second.promoted, second.nextMs], [PAGE.sweep + 10, null]);
  });

  page('forgets what ended in one instant by the order of acceptance', async ({ store, submit, claim, pass }) => {
    const ids = await submit(900);
    const claimed = await claim(900);
    await store.settle(claimed.toReversed().map(successOf));
    pass(SETTINGS.retentionMs);
    const first = await store.purge(250);
    assert.deepEqual([first.purged, first.nextMs], [250, 0]);
    const there = (await store.get(ids)).map((task) => task !== null);
    assert.deepEqual([there.indexOf(true), there.lastIndexOf(false)], [250, 249]);
    const rest = [await store.purge(500), await store.purge(500)];
    assert.deepEqual(
      rest.map(({ purged, nextMs }) => [purged, nextMs]),
      [
        [500, 0],
        [150, null],
      ],
    );
    assert.deepEqual(await store.audit('report'), []);
  });
});

void describe('when very many waits are over and no sweeper has been there', () => {
  page('a task that is asked for is shown as timed out all the same', async ({ store, submit, pass }) => {
    const ids = await submit(5 * PAGE.time, () => ({ queueTimeoutMs: HOUR }));
    pass(HOUR);
    const last = ids.at(-1) ?? '';
    assert.deepEqual(
      (await store.get([last])).map((task) => task?.status),
      ['timeout'],
    );
    const one = ids.at(-2) ?? '';
    assert.deepEqual(
      (await store.cancel([{ id: one }])).map(({ state }) => state),
      ['already_finished'],
    );
  });
});

void describe('submissions', () => {
  void it('that are plain go in one page, however many', () => {
    const batch = Array.from({ length: 1000 }, () => aSubmission());
    assert.equal(submitPageEnd(batch, 0), 1000);
  });

  void it('that each name a key of their own go in small ones, none left out', () => {
    const batch = Array.from({ length: 1000 }, (_, index) => aSubmission({ key: `key ${index}` }));
    const ends: number[] = [];
    for (let at = 0; at < batch.length; ) {
      const end = submitPageEnd(batch, at);
      assert.ok(end > at && end - at <= 100);
      ends.push(end);
      at = end;
    }
    assert.equal(ends.at(-1), 1000);
  });

  page('are answered in their order', async ({ store, submit }) => {
    const ids = await submit(500, (index) => ({ key: `key ${index}` }));
    const { tasks } = await store.list({ order: 'asc', limit: 1000, offset: 0 });
    assert.deepEqual(
      tasks.map(({ id }) => id),
      ids,
    );
  });
});

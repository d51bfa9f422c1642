// Races: two things that can happen at the same instant, in every order. Calls are atomic, so an order is all there is.
import assert from 'node:assert/strict';
import type { Claimed } from '../../../src/ports/task-store.ts';
import { fail, HOUR, MINUTE, recover, release, retryIn, SECOND, succeed } from '../builders.ts';
import { type Fixture, idOfClaimed } from '../fixture.ts';
import type { Suite } from '../suite.ts';

type Act = (s: Fixture) => Promise<unknown>;

export function races({ describe, test }: Suite): void {
  /** Runs the acts in each of their orders, each on a store of its own. */
  function inAllOrders(
    title: string,
    acts: Readonly<Record<string, (race: Race) => Act>>,
    check: (race: Race, s: Fixture, order: readonly string[]) => Promise<void>,
    options: { readonly arrange?: (s: Fixture, race: Race) => Promise<unknown> } = {},
  ): void {
    for (const order of permutations(Object.keys(acts))) {
      test(`${title}: ${order.join(', then ')}`, async (s) => {
        const race = new Race();
        await options.arrange?.(s, race);
        for (const name of order) race.answers.set(name, await acts[name]?.(race)(s));
        await check(race, s, order);
      });
    }
  }

  describe('cancel against', () => {
    const cancel = (race: Race) => async (s: Fixture) => (await s.cancel(race.task)).state;

    inAllOrders(
      'claim',
      { cancel, claim: () => async (s) => (await s.claim(1)).map(idOfClaimed) },
      async (race, s, [first]) => {
        const claimed = race.answer('claim');
        if (first === 'cancel') {
          assert.deepEqual([race.answer('cancel'), claimed], ['canceled', []]);
        } else {
          assert.deepEqual([race.answer('cancel'), claimed], ['cancel_requested', [race.task.id]]);
          assert.equal((await s.task(race.task)).cancelRequested, true);
        }
      },
      { arrange: async (s, race) => race.is(await s.submit()) },
    );

    const arrange = async (s: Fixture, race: Race) => race.runs(await s.running());
    for (const outcome of [succeed('1'), fail(), retryIn(0), retryIn(MINUTE), release]) {
      inAllOrders(
        outcome.kind === 'retry' ? `retry in ${outcome.delayMs} ms` : outcome.kind,
        { cancel, settle: (race) => (s) => s.settle(race.claimed, outcome) },
        async (race, s, [first]) => {
          const { status } = await s.task(race.task);
          if (first === 'cancel') {
            assert.deepEqual([race.answer('cancel'), status], ['cancel_requested', 'canceled']);
          } else if (outcome.kind === 'succeed' || outcome.kind === 'fail') {
            assert.equal(race.answer('cancel'), 'already_finished', 'what was committed before stands');
          } else {
            assert.deepEqual([race.answer('cancel'), status], ['canceled', 'canceled']);
          }
          await s.clock.advance(HOUR);
          assert.deepEqual(await s.claim(1), [], 'no handler starts any more (I10)');
        },
        { arrange },
      );
    }

    inAllOrders(
      'a due retry and its claim',
      {
        cancel,
        due: () => async (s) => {
          await s.clock.advance(SECOND);
          await s.store.sweepTimers(10);
        },
        claim: () => async (s) => (await s.claim(1)).length,
      },
      async (race, _s, order) => {
        const started = race.answer('claim') === 1;
        const dueFirst = order.indexOf('due') < order.indexOf('claim');
        const canceledFirst = order.indexOf('cancel') < order.indexOf('claim');
        assert.equal(started, dueFirst && !canceledFirst);
        assert.equal(race.answer('cancel'), started ? 'cancel_requested' : 'canceled');
      },
      {
        arrange: async (s, race) => {
          const claimed = await s.running();
          race.is(claimed.task);
          await s.settle(claimed, retryIn(SECOND));
        },
      },
    );

    inAllOrders(
      'a lost lease that is swept',
      { cancel, sweep: (race) => async (s) => (await s.settle(race.claimed, recover(), { by: 'sweeper' })).state },
      async (race, s, [first]) => {
        assert.equal(race.answer('sweep'), 'settled');
        assert.equal(race.answer('cancel'), first === 'cancel' ? 'cancel_requested' : 'canceled');
        assert.equal((await s.task(race.task)).status, 'canceled');
      },
      {
        arrange: async (s, race) => {
          race.runs(await s.running());
          await s.clock.advance(s.settings.leaseMs);
        },
      },
    );

    inAllOrders(
      'revive of a failed task',
      { cancel, revive: (race) => async (s) => (await s.revive(race.task)).state },
      async (race, s, [first]) => {
        const { status } = await s.task(race.task);
        if (first === 'cancel') {
          assert.deepEqual(
            [race.answer('cancel'), race.answer('revive'), status],
            ['already_finished', 'revived', 'pending'],
          );
        } else {
          assert.deepEqual([race.answer('cancel'), race.answer('revive'), status], ['canceled', 'revived', 'canceled']);
        }
      },
      {
        arrange: async (s, race) => {
          race.runs(await s.running());
          await s.settle(race.claimed, fail());
        },
      },
    );
  });

  describe('process timeout against', () => {
    const tooLong = { kind: 'fail', error: 'too long', errorCode: 'process_timeout', attempt: 'timeout' } as const;

    inAllOrders(
      'a success of the same node at the deadline',
      {
        timeout: (race) => async (s) => (await s.settle(race.claimed, tooLong, { handler: 'running' })).state,
        success: (race) => async (s) => (await s.settle(race.claimed, succeed('1'))).state,
      },
      async (race, s, [first]) => {
        const task = await s.task(race.task);
        assert.equal(task.status, first === 'success' ? 'success' : 'failed', 'the first one counts');
        assert.equal(task.version, 3, 'the second one changed nothing');
      },
      {
        arrange: async (s, race) => {
          race.runs(await s.running({ processTimeoutMs: MINUTE }));
          await s.clock.advance(MINUTE);
        },
      },
    );

    inAllOrders(
      'a late success and a sweeper, when the lease is over',
      {
        sweep: (race) => async (s) => (await s.settle(race.claimed, tooLong, { by: 'sweeper' })).state,
        success: (race) => async (s) => (await s.settle(race.claimed, succeed('1'))).state,
      },
      async (race, s) => {
        assert.deepEqual([race.answer('sweep'), race.answer('success')], ['settled', 'lease_lost']);
        assert.equal((await s.task(race.task)).status, 'failed');
      },
      {
        arrange: async (s, race) => {
          race.runs(await s.running({ processTimeoutMs: SECOND }));
          await s.clock.advance(SECOND + s.settings.cancelGraceMs);
        },
      },
    );
  });

  describe('queue timeout against', () => {
    inAllOrders(
      'claim',
      {
        deadline: () => (s) => Promise.resolve(s.clock.advance(SECOND)),
        claim: () => async (s) => (await s.claim(1)).length,
      },
      async (race, s, [first]) => {
        assert.equal(race.answer('claim'), first === 'claim' ? 1 : 0);
        assert.equal((await s.task(race.task)).status, first === 'claim' ? 'processing' : 'timeout');
      },
      { arrange: async (s, race) => race.is(await s.submit({ queueTimeoutMs: SECOND })) },
    );

    inAllOrders(
      'cancel and the sweep',
      {
        cancel: (race) => async (s) => (await s.cancel(race.task)).state,
        sweep: () => async (s) => (await s.store.sweepTimers(10)).timedOut,
      },
      async (race, s) => {
        assert.equal(race.answer('cancel'), 'already_finished');
        assert.equal((await s.task(race.task)).status, 'timeout');
      },
      {
        arrange: async (s, race) => {
          race.is(await s.submit({ queueTimeoutMs: SECOND }));
          await s.clock.advance(SECOND);
        },
      },
    );
  });

  describe('a lost lease:', () => {
    const arrange = async (s: Fixture, race: Race) => {
      race.runs(await s.running());
      await s.clock.advance(s.settings.leaseMs);
    };
    const sweep = (race: Race) => async (s: Fixture) =>
      (await s.settle(race.claimed, recover(), { by: 'sweeper' })).state;

    inAllOrders(
      'two sweepers recover it once',
      { 'one sweeper': sweep, 'another sweeper': sweep },
      async (race, s, [first, second]) => {
        assert.deepEqual([race.answer(first), race.answer(second)], ['settled', 'lease_lost']);
        const task = await s.task(race.task);
        assert.deepEqual([task.recoveries, task.version, task.attempts.length], [1, 3, 1]);
      },
      { arrange },
    );

    inAllOrders(
      'a stale heartbeat never brings it back',
      {
        heartbeat: (race) => async (s) => (await s.heartbeat(race.claimed)).state,
        sweep,
        claim: () => async (s) => (await s.claim(1, { nodeId: 'node-2' })).length,
      },
      async (race, s, order) => {
        assert.equal(race.answer('heartbeat'), 'lost');
        assert.equal(race.answer('sweep'), 'settled');
        const claimedAfterSweep = order.indexOf('claim') > order.indexOf('sweep');
        assert.equal(race.answer('claim'), claimedAfterSweep ? 1 : 0);
        assert.equal((await s.task(race.task)).status, claimedAfterSweep ? 'processing' : 'pending');
      },
      { arrange },
    );

    inAllOrders(
      'the old holder settles in vain while the new one runs',
      {
        'old settles': (race) => async (s) => (await s.settle(race.claimed, succeed('"old"'))).state,
        'new settles': (race) => async (s) => (await s.settle(race.second, succeed('"new"'))).state,
      },
      async (race, s) => {
        assert.deepEqual([race.answer('old settles'), race.answer('new settles')], ['lease_lost', 'settled']);
        const task = await s.task(race.task);
        assert.deepEqual([task.result, task.workerId], ['"new"', 'node-2']);
      },
      {
        arrange: async (s, race) => {
          await arrange(s, race);
          await s.settle(race.claimed, recover(), { by: 'sweeper' });
          race.second = await s.claimOne({ nodeId: 'node-2' });
        },
      },
    );
  });

  describe('a limit', () => {
    inAllOrders(
      'lowered, raised and a settlement while three run',
      {
        lower: () => (s) => s.store.setLimit('k', 1),
        raise: () => (s) => s.store.setLimit('k', 3),
        settle: (race) => (s) => s.settle(race.claimed, succeed()),
      },
      async (_race, s, order) => {
        const last = order.lastIndexOf('lower') > order.lastIndexOf('raise') ? 1 : 3;
        assert.equal((await s.claim(10)).length, Math.max(0, last - 2), 'two still run');
      },
      {
        arrange: async (s, race) => {
          await s.submitMany(6, { key: 'k', max: 3 });
          const [first] = await s.claim(3);
          assert.ok(first);
          race.runs(first);
        },
      },
    );
  });

  describe('purge', () => {
    inAllOrders(
      'against the explicit retry of an old task',
      {
        purge: () => async (s) => (await s.store.purge(10)).purged,
        revive: (race) => async (s) => (await s.revive(race.task)).state,
      },
      async (race, s, [first]) => {
        const purgedFirst = first === 'purge';
        assert.equal(race.answer('purge'), purgedFirst ? 1 : 0);
        assert.equal(race.answer('revive'), purgedFirst ? 'not_found' : 'revived');
        assert.equal((await s.claim(1)).length, purgedFirst ? 0 : 1);
      },
      {
        arrange: async (s, race) => {
          race.is(await s.submit());
          await s.cancel(race.task);
          await s.clock.advance(s.settings.retentionMs);
        },
      },
    );

    inAllOrders(
      'against a late settlement of the attempt that ended it',
      {
        purge: () => async (s) => (await s.store.purge(10)).purged,
        again: (race) => async (s) => (await s.settle(race.claimed, succeed('1'))).state,
      },
      async (race, _s, [first]) => {
        assert.equal(race.answer('again'), first === 'purge' ? 'lease_lost' : 'settled');
      },
      {
        arrange: async (s, race) => {
          race.runs(await s.running());
          await s.settle(race.claimed, succeed('1'));
          await s.clock.advance(s.settings.retentionMs);
        },
      },
    );
  });

  describe('everything at once', () => {
    const acts: Readonly<Record<string, (race: Race) => Act>> = {
      cancel: (race) => (s) => s.cancel(race.task),
      succeed: (race) => (s) => s.settle(race.claimed, succeed('1')),
      retry: (race) => (s) => s.settle(race.claimed, retryIn(0), { handler: 'running' }),
      'lease end': () => (s) => Promise.resolve(s.clock.advance(90 * SECOND)),
      sweep: (race) => (s) => s.settle(race.claimed, recover(), { by: 'sweeper' }),
    };
    inAllOrders(
      'ends after one more sweep in an allowed state, and the slot is free again',
      acts,
      async (race, s) => {
        await s.clock.advance(10 * MINUTE);
        for (const lease of await s.store.lostLeases(10)) await s.settle({ lease }, recover(), { by: 'sweeper' });
        const { status } = await s.task(race.task);
        assert.ok(['success', 'canceled', 'pending'].includes(status), status);
        const next = await s.submit({ key: 'k', priority: 9 });
        assert.deepEqual((await s.claim(1)).map(idOfClaimed), [next.id]);
      },
      { arrange: async (s, race) => race.runs(await s.running({ key: 'k' })) },
    );
  });
}

/** Who races: the task, its claims, and what each act was answered. */
class Race {
  readonly answers = new Map<string, unknown>();
  #task: { readonly id: string } | null = null;
  #claimed: Claimed | null = null;
  #second: Claimed | null = null;

  is(task: { readonly id: string }): void {
    this.#task = task;
  }
  runs(claimed: Claimed): void {
    this.#claimed = claimed;
    this.#task = claimed.task;
  }
  get task(): { readonly id: string } {
    assert.ok(this.#task);
    return this.#task;
  }
  get claimed(): Claimed {
    assert.ok(this.#claimed);
    return this.#claimed;
  }
  get second(): Claimed {
    assert.ok(this.#second);
    return this.#second;
  }
  set second(claimed: Claimed) {
    this.#second = claimed;
  }
  answer(act: string | undefined): unknown {
    return this.answers.get(act ?? '');
  }
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

// What the lease keeper makes of leases that ended, or nearly did, while the whole process stood still: the store may have
// stood still as well and kept them, so it is asked.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import type { HeartbeatReply } from '../../../src/ports/task-store.ts';
import { type HeldLease, type KeeperNews, LeaseKeeper } from '../../../src/worker/lease-keeper.ts';
import { quiet } from './scene.ts';

const HELD: HeartbeatReply = { state: 'held', remainingMs: 90_000, cancelRequested: false };

function scene(reply: HeartbeatReply | Error, store: 'quick' | 'slow' = 'quick') {
  const clock = new ManualClock();
  const news: KeeperNews[] = [];
  const beats: number[] = [];
  /** Of a slow store: each lets it answer one call. */
  const answers: (() => void)[] = [];
  const keeper = new LeaseKeeper({
    nodeId: 'node-1',
    clock,
    intervalMs: 30_000,
    heartbeat: async ({ leases }) => {
      beats.push(clock.monotonic());
      if (store === 'slow') await new Promise<void>((resolve) => answers.push(resolve));
      if (reply instanceof Error) throw reply;
      return leases.map(() => reply);
    },
    onNews: (one) => news.push(one),
    onFault: () => undefined,
  });
  const lease = (leaseUntil: number, renewableUntil = Number.POSITIVE_INFINITY): HeldLease => {
    return { id: 'task', token: 1, leaseUntil, renewableUntil, lastBeatAt: Number.POSITIVE_INFINITY };
  };
  return { clock, news, beats, answers, keeper, lease };
}

describe('after a standstill', () => {
  it('a lease that would end before its first renewal is renewed at once', async () => {
    const { clock, news, beats, keeper, lease } = scene(HELD);
    keeper.hold([lease(5_000)]);
    await clock.advanceAsync(0);
    assert.deepEqual(beats, [0]);
    assert.deepEqual(news, [{ renewed: [{ token: 1, leaseUntil: 90_000 }], canceled: [], lost: [] }]);
  });

  it('so is one that came while another renewal was under way', async () => {
    const { clock, beats, answers, keeper, lease } = scene(HELD, 'slow');
    keeper.hold([lease(90_000)]);
    await clock.advanceAsync(30_000);
    keeper.hold([{ ...lease(35_000), token: 2 }]);
    answers.shift()?.();
    await clock.advanceAsync(0);
    assert.deepEqual(beats, [30_000, 30_000]);
  });

  it('a lease that is over by our clock is asked about, and kept when the store kept it', async () => {
    const { clock, news, keeper, lease } = scene(HELD);
    clock.advance(100_000);
    keeper.hold([lease(60_000)]);
    await clock.advanceAsync(0);
    assert.deepEqual(news, [{ renewed: [{ token: 1, leaseUntil: 190_000 }], canceled: [], lost: [] }]);
  });

  it('it is lost when the store says so, or cannot be asked', async () => {
    for (const reply of [{ state: 'lost' } as const, new StoreUnavailable('away')]) {
      const { clock, news, keeper, lease } = scene(reply);
      clock.advance(100_000);
      keeper.hold([lease(60_000)]);
      await clock.advanceAsync(10_000);
      assert.deepEqual(
        news.flatMap(({ lost }) => lost),
        [1],
      );
    }
  });

  it('nobody is asked about a lease that cannot be renewed any more', async () => {
    const { clock, news, beats, keeper, lease } = scene(HELD);
    clock.advance(100_000);
    keeper.hold([lease(60_000, 60_000)]);
    await clock.advanceAsync(30_000);
    await quiet();
    assert.deepEqual(beats, []);
    assert.deepEqual(
      news.flatMap(({ lost }) => lost),
      [1],
    );
  });
});

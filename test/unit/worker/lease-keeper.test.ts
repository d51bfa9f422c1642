// The keeper's logic: which leases it renews when, what it tells, and when it gives up.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import type { HeartbeatReply, HeartbeatRequest } from '../../../src/ports/task-store.ts';
import { type HeldLease, type KeeperNews, LeaseKeeper } from '../../../src/worker/lease-keeper.ts';
import { first, quiet } from './scene.ts';

const HELD: HeartbeatReply = { state: 'held', remainingMs: 90_000, cancelRequested: false };

describe('the lease keeper', () => {
  let clock: ManualClock;
  let news: KeeperNews[];
  let beats: HeartbeatRequest[];
  let faults: unknown[];
  let answer: (request: HeartbeatRequest) => HeartbeatReply[] | Error;
  let catchUp: () => void;
  let keeper: LeaseKeeper;
  beforeEach(() => {
    clock = new ManualClock();
    news = [];
    beats = [];
    faults = [];
    catchUp = () => undefined;
    answer = ({ leases }) => leases.map(() => HELD);
    keeper = new LeaseKeeper({
      nodeId: 'node-1',
      clock,
      intervalMs: 30_000,
      catchUp: () => catchUp(),
      heartbeat: async (request) => {
        beats.push(request);
        const reply = answer(request);
        if (reply instanceof Error) throw reply;
        return reply;
      },
      onNews: (one) => news.push(one),
      onFault: (error) => faults.push(error),
    });
  });

  function lease(token: number, over: Partial<HeldLease> = {}): HeldLease {
    const leaseUntil = clock.monotonic() + 90_000;
    const never = Number.POSITIVE_INFINITY;
    return { id: `task-${token}`, token, leaseUntil, renewableUntil: never, lastBeatAt: never, ...over };
  }

  it('renews all leases in one call per interval', async () => {
    keeper.hold([lease(1), lease(2)]);
    keeper.hold([lease(3)]);
    await clock.advanceAsync(29_999);
    assert.equal(beats.length, 0);
    await clock.advanceAsync(1);
    assert.equal(beats.length, 1);
    assert.deepEqual(
      first(beats).leases.map(({ token }) => token),
      [1, 2, 3],
    );
    await clock.advanceAsync(60_000);
    assert.equal(beats.length, 3);
  });

  it('tells how long each is good, counted from before the call was sent', async () => {
    keeper.hold([lease(1)]);
    await clock.advanceAsync(30_000);
    assert.deepEqual(first(news).renewed, [{ token: 1, leaseUntil: 120_000 }]);
  });

  it('never counts a renewal past the process deadline plus grace', async () => {
    keeper.hold([lease(1, { renewableUntil: 100_000 })]);
    await clock.advanceAsync(30_000);
    assert.deepEqual(first(news).renewed, [{ token: 1, leaseUntil: 100_000 }]);
    await clock.advanceAsync(90_000);
    assert.deepEqual(news.at(-1)?.lost, [1]);
    const sent = beats.length;
    await clock.advanceAsync(300_000);
    assert.equal(beats.length, sent);
  });

  it('sends one more heartbeat at the end of a grace, to show that the node is there and its handler hangs', async () => {
    keeper.hold([lease(1)]);
    await clock.advanceAsync(10_000);
    keeper.hold([lease(2, { renewableUntil: 25_000, lastBeatAt: 24_500 })]);
    await clock.advanceAsync(14_499);
    assert.equal(beats.length, 0);
    await clock.advanceAsync(1);
    assert.equal(beats.length, 1);
    await clock.advanceAsync(29_999);
    assert.equal(beats.length, 1, 'only one more');
    await clock.advanceAsync(1);
    assert.equal(beats.length, 2);
  });

  it('tells of cancel requests and lost leases, and renews lost ones no more', async () => {
    answer = ({ leases }) =>
      leases.map(({ token }) =>
        token === 1 ? { ...HELD, cancelRequested: true, cancelReason: 'too late' } : { state: 'lost' },
      );
    keeper.hold([lease(1), lease(2)]);
    await clock.advanceAsync(30_000);
    assert.deepEqual([first(news).canceled, first(news).lost], [[{ token: 1, reason: 'too late' }], [2]]);
    await clock.advanceAsync(30_000);
    assert.deepEqual(
      first(beats, 1).leases.map(({ token }) => token),
      [1],
    );
  });

  it('forgets what was dropped, also when the answer about it is still on its way', async () => {
    const slow = Promise.withResolvers<HeartbeatReply[]>();
    const own = new LeaseKeeper({
      nodeId: 'n',
      clock,
      intervalMs: 30_000,
      heartbeat: () => slow.promise,
      onNews: (one) => news.push(one),
      onFault: () => undefined,
    });
    own.hold([lease(1), lease(2)]);
    await clock.advanceAsync(30_000);
    own.drop([1]);
    slow.resolve([{ state: 'lost' }, HELD]);
    await quiet();
    assert.deepEqual(first(news), { renewed: [{ token: 2, leaseUntil: 120_000 }], canceled: [], lost: [] });
    own.close();
  });

  it('tries a failed renewal again well before the lease is over, and complains once', async () => {
    answer = () => new StoreUnavailable('away');
    keeper.hold([lease(1)]);
    await clock.advanceAsync(60_000);
    assert.ok(beats.length >= 5, `${beats.length} tries`);
    assert.equal(faults.length, 1);
    answer = ({ leases }) => leases.map(() => HELD);
    await clock.advanceAsync(7_500);
    assert.equal(news.at(-1)?.renewed.length, 1);
  });

  it('gives a lease up by its own clock when no answer came for a whole lease', async () => {
    answer = () => new StoreUnavailable('away');
    keeper.hold([lease(1)]);
    await clock.advanceAsync(89_999);
    assert.deepEqual(
      news.flatMap(({ lost }) => lost),
      [],
    );
    await clock.advanceAsync(8_000);
    assert.deepEqual(
      news.flatMap(({ lost }) => lost),
      [1],
    );
  });

  it('sends nothing when there is nothing to keep', async () => {
    keeper.hold([lease(1)]);
    keeper.drop([1]);
    await clock.advanceAsync(300_000);
    assert.equal(beats.length, 0);
    assert.equal(clock.timers, 0);
  });

  it('renews nothing that it hears has ended when it looks before a beat', async () => {
    catchUp = () => keeper.drop([1]);
    keeper.hold([lease(1), lease(2)]);
    await clock.advanceAsync(30_000);
    assert.deepEqual(
      beats.map(({ leases }) => leases.map(({ token }) => token)),
      [[2]],
    );
  });

  it('splits very many leases into pages', async () => {
    keeper.hold(Array.from({ length: 2500 }, (_, n) => lease(n + 1)));
    await clock.advanceAsync(30_000);
    assert.deepEqual(
      beats.map(({ leases }) => leases.length),
      [1000, 1000, 500],
    );
  });
});

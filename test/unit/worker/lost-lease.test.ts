// A node that could not renew in time counts its leases as lost by its own clock, tells its handlers, and records nothing.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HandlerAborted } from '../../../src/worker/handler.ts';
import type { HeldLease } from '../../../src/worker/lease-keeper.ts';
import { first, quiet, type Run, Scene } from './scene.ts';

describe('a lost lease', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(() => {
    scene = new Scene();
    runs = scene.manualHandler('work');
  });
  afterEach(() => scene.end());

  const reasonOf = ({ ctx }: Run): string => (ctx.signal.reason as HandlerAborted).reason;

  it('is noticed without any answer from the store, one lease after the last renewal was sent', async () => {
    const worker = scene.worker();
    await scene.submit('work');
    await scene.pass(30_000, 10_000);
    assert.equal(scene.weather.count('heartbeat'), 1);
    scene.weather.away('heartbeat', 'claim', 'settle', 'reportNode');
    await scene.pass(89_999, 10_000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    await scene.pass(1);
    assert.equal(reasonOf(first(runs)), 'lease_lost');
    assert.equal(worker.health().running, 1, 'the slot stays taken until the handler has really ended');
    first(runs).end.resolve('nobody wants it');
    await quiet();
    assert.equal(worker.health().running, 0);
  });

  it('counts from before the renewal was sent, however late its answer comes', async () => {
    scene.worker();
    await scene.submit('work');
    const answer = scene.weather.hold('heartbeat');
    await scene.pass(30_000, 10_000);
    await scene.pass(50_000, 10_000);
    answer();
    // Sent at 30 s and good for 90 s: until 120 s, although the answer came at 80 s. No renewal after that.
    scene.weather.away('heartbeat');
    await scene.pass(39_999, 10_000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    await scene.pass(1);
    assert.equal(reasonOf(first(runs)), 'lease_lost');
    first(runs).end.resolve(null);
  });

  it('is never settled, not even when the handler returns a result', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    scene.weather.away('heartbeat');
    await scene.pass(90_000, 10_000);
    first(runs).end.resolve('late');
    await quiet();
    assert.equal(scene.weather.count('settle'), 0);
    assert.equal(await scene.statusOf(id), 'processing');
  });

  it('is told by the heartbeat when the store gave the task to somebody else', async () => {
    scene.worker();
    scene.sweepers();
    const id = await scene.submit('work');
    await quiet();
    // The store's clock jumps: for it the lease is over, and the sweeper takes the task back.
    scene.clock.set(scene.clock.now() + 100_000);
    scene.weather.loseSignals('work');
    await scene.pass(30_000, 1000);
    assert.equal(reasonOf(first(runs)), 'lease_lost');
    const attempts = (await scene.read(id)).attempts.map(({ outcome }) => outcome);
    assert.equal(attempts[0], 'lost');
    for (const { end } of runs) end.resolve(null);
  });

  it('makes the sweeper recover the task without costing a retry, and at most so many times', async () => {
    scene.sweepers(1);
    const id = await scene.submit('work');
    for (let round = 0; round < 2; round++) {
      await scene.store.claim({ requestId: `dead-${round}`, nodeId: 'dead', types: ['work'], count: 1 });
      await scene.pass(90_000, 10_000);
    }
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.errorCode, task.retry, task.recoveries], ['failed', 'worker_lost', 0, 1]);
    assert.deepEqual(
      task.attempts.map(({ outcome }) => outcome),
      ['lost', 'lost'],
    );
  });

  it('leaves a claim that arrives only after its lease alone', async () => {
    const answer = scene.weather.hold('claim');
    scene.worker();
    const id = await scene.submit('work');
    await scene.pass(95_000, 1000);
    answer();
    await quiet();
    assert.equal(runs.length, 0);
    assert.equal(scene.weather.count('settle'), 0);
    assert.equal(await scene.statusOf(id), 'processing');
  });

  it('does not happen while renewals arrive, for as long as the handler runs', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await scene.pass(3_600_000, 10_000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    first(runs).end.resolve('after an hour');
    await quiet();
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('is not judged before the news that waits for the event loop was read', async () => {
    let held: readonly HeldLease[] = [];
    // A keeper whose news stays in its port until somebody looks, as it does while a handler blocks the loop.
    scene.worker({}, ({ onNews }) => ({
      ready: Promise.resolve(),
      hold: (leases) => {
        held = leases;
      },
      drop: () => undefined,
      catchUp: () => {
        const leaseUntil = scene.clock.monotonic() + 90_000;
        onNews({ renewed: held.map(({ token }) => ({ token, leaseUntil })), canceled: [], lost: [] });
      },
      close: async () => undefined,
    }));
    await scene.submit('work');
    await scene.pass(3_600_000, 10_000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    first(runs).end.resolve(null);
  });

  it('does not follow from one failed heartbeat: it is tried again long before the lease is over', async () => {
    scene.worker();
    await scene.submit('work');
    await scene.pass(30_000, 10_000);
    scene.weather.away('heartbeat');
    await scene.pass(40_000, 1000);
    scene.weather.back();
    const before = scene.weather.count('heartbeat');
    await scene.pass(8_000, 1000);
    assert.ok(scene.weather.count('heartbeat') > before);
    await scene.pass(60_000, 10_000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    first(runs).end.resolve(null);
  });
});

// The process deadline: counted from the claim, moved by nothing, and enforced also against handlers that do not listen.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HandlerAborted } from '../../../src/worker/handler.ts';
import { first, quiet, type Run, Scene } from './scene.ts';

describe('a handler that runs over its process_timeout', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(() => {
    scene = new Scene();
    runs = scene.manualHandler('work');
  });
  afterEach(() => scene.end());

  it('is aborted at the deadline, not earlier and not later', async () => {
    scene.worker();
    await scene.submit('work', { processTimeoutMs: 10_000 });
    await quiet();
    const { signal } = first(runs).ctx;
    await scene.pass(9_999);
    assert.equal(signal.aborted, false);
    await scene.pass(1);
    assert.equal((signal.reason as HandlerAborted).reason, 'process_timeout');
    first(runs).end.reject(signal.reason);
  });

  it('is aborted at the deadline although heartbeats renewed the lease many times', async () => {
    scene.worker();
    const id = await scene.submit('work', { processTimeoutMs: 300_000 });
    await scene.pass(299_999, 10_000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    assert.ok(scene.weather.count('heartbeat') >= 9);
    await scene.pass(1);
    assert.equal(first(runs).ctx.signal.aborted, true);
    first(runs).end.reject(new Error('stopped'));
    await quiet();
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.errorCode], ['failed', 'process_timeout']);
    assert.equal(task.error, 'Ran longer than its process_timeout of 300 s');
    assert.equal(first(task.attempts).outcome, 'timeout');
  });

  it('is tried again when retries are left', async () => {
    scene.worker();
    scene.sweepers();
    const retryStrategy = { type: 'fixed', delayMs: 1000, jitter: 0 } as const;
    const id = await scene.submit('work', { processTimeoutMs: 10_000, maxRetry: 1, retryStrategy });
    await scene.pass(10_000);
    first(runs).end.reject(new Error('stopped'));
    await quiet();
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.retry, task.errorCode], ['pending', 1, 'process_timeout']);
    await scene.pass(1000);
    first(runs, 1).end.resolve('quick');
    await quiet();
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('has run too long even if it then returns a result', async () => {
    scene.worker();
    const id = await scene.submit('work', { processTimeoutMs: 10_000 });
    await scene.pass(10_000);
    first(runs).end.resolve('late');
    await quiet();
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.errorCode, task.result], ['failed', 'process_timeout', null]);
  });

  it('has run too long even if it blocked the timer that would have said so', async () => {
    scene.handler('block', () => {
      // Time passes while nothing else gets a turn: the clock moves, but no timer fires before the return.
      scene.clock.set(scene.clock.now() + 20_000);
      blockedFor(scene, 20_000);
      return 'late';
    });
    scene.worker();
    const id = await scene.submit('block', { processTimeoutMs: 10_000 });
    await quiet();
    assert.equal((await scene.read(id)).errorCode, 'process_timeout');
  });

  it('keeps its result when it ends just before', async () => {
    scene.worker();
    const id = await scene.submit('work', { processTimeoutMs: 10_000 });
    await scene.pass(9_999);
    first(runs).end.resolve('in time');
    await scene.pass(1);
    assert.equal((await scene.read(id)).result, '"in time"');
  });

  it('is settled without its consent before the grace is over, and its slots stay taken until it ends', async () => {
    const worker = scene.worker();
    const id = await scene.submit('work', { processTimeoutMs: 10_000, concurrencyKey: 'k' });
    await scene.pass(10_000 + 28_999, 1000);
    assert.equal(await scene.statusOf(id), 'processing');
    await scene.pass(2);
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.errorCode], ['failed', 'process_timeout']);
    assert.equal(worker.health().running, 1);
    assert.equal(worker.health().unsettled, 0);
    assert.equal(await scene.slotsTaken('k'), 1);
    first(runs).end.resolve('ignored');
    await quiet();
    assert.equal(await scene.slotsTaken('k'), 0);
    assert.equal(worker.health().running, 0);
    assert.equal((await scene.read(id)).result, null);
  });

  it('frees its slots in the store when its lease would be over, even if it never ends', async () => {
    scene.worker();
    await scene.submit('work', { processTimeoutMs: 10_000, concurrencyKey: 'k' });
    const next = await scene.submit('work', { concurrencyKey: 'k' });
    await scene.pass(39_000, 1000);
    assert.equal(await scene.slotsTaken('k'), 1);
    assert.equal(await scene.statusOf(next), 'pending');
    await scene.pass(6000, 1000);
    assert.equal(await scene.statusOf(next), 'processing');
    for (const { end } of runs) end.resolve(null);
  });

  it('is canceled, not timed out, when a cancel came first', async () => {
    scene.worker();
    const id = await scene.submit('work', { processTimeoutMs: 10_000, maxRetry: 3 });
    await scene.pass(9_000);
    await scene.cancel(id);
    await scene.pass(5_000);
    first(runs).end.reject(new Error('stopped'));
    await quiet();
    assert.equal(await scene.statusOf(id), 'canceled');
  });

  it('has no deadline with a process_timeout of 0', async () => {
    scene.worker();
    const id = await scene.submit('work', { processTimeoutMs: 0 });
    await scene.pass(3_600_000, 10_000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    first(runs).end.resolve('patience');
    await quiet();
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('costs one timer for all running handlers, not one each', async () => {
    scene.worker({ maxConcurrency: 100 });
    await quiet();
    await Promise.all(Array.from({ length: 100 }, (_, n) => scene.submit('work', { processTimeoutMs: 60_000 + n })));
    await quiet();
    assert.equal(runs.length, 100);
    assert.ok(scene.clock.timers <= 5, `${scene.clock.timers} timers`);
    for (const { end } of runs) end.resolve(null);
  });
});

/** Moves the monotonic clock without giving timers a turn, as a handler that computes does. */
function blockedFor(scene: Scene, ms: number): void {
  const start = scene.clock.monotonic();
  Object.defineProperty(scene.clock, 'monotonic', { configurable: true, value: () => start + ms });
}

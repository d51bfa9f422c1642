// The orderly end of a node: nothing new, time for what runs, and every task that does not end goes back at no cost.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HandlerAborted } from '../../../src/worker/handler.ts';
import { first, quiet, type Run, Scene } from './scene.ts';

describe('a draining node', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(() => {
    scene = new Scene();
    runs = scene.manualHandler('work');
  });
  afterEach(() => scene.end());

  const isDone = async (promise: Promise<void>): Promise<boolean> =>
    Promise.race([promise.then(() => true), quiet().then(() => false)]);

  it('claims nothing more and waits for what runs', async () => {
    const worker = scene.worker();
    const id = await scene.submit('work');
    await quiet();
    const drained = worker.drain();
    const late = await scene.submit('work');
    await scene.pass(20_000, 1000);
    assert.equal(await isDone(drained), false);
    assert.equal(first(runs).ctx.signal.aborted, false);
    first(runs).end.resolve('done');
    assert.equal(await isDone(drained), true);
    assert.deepEqual([await scene.statusOf(id), await scene.statusOf(late)], ['success', 'pending']);
    assert.equal(runs.length, 1);
  });

  it('says so in its report', async () => {
    const worker = scene.worker();
    await quiet();
    assert.equal(first(await scene.store.nodes()).draining, false);
    await worker.drain();
    await quiet();
    assert.equal(first(await scene.store.nodes()).draining, true);
    assert.equal(worker.health().status, 'draining');
    await worker.close();
    assert.deepEqual(await scene.store.nodes(), []);
  });

  it('aborts with the reason shutdown when the grace is over; who stops then goes back at no cost', async () => {
    const worker = scene.worker();
    const id = await scene.submit('work', { maxRetry: 0 });
    await quiet();
    const drained = worker.drain();
    await scene.pass(29_999, 10_000);
    const { signal } = first(runs).ctx;
    assert.equal(signal.aborted, false);
    await scene.pass(1);
    assert.equal((signal.reason as HandlerAborted).reason, 'shutdown');
    first(runs).end.reject(signal.reason);
    assert.equal(await isDone(drained), true);
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.retry, task.recoveries], ['pending', 0, 0]);
    assert.equal(first(task.attempts).outcome, 'released');
  });

  it('keeps the result of a handler that finishes after the abort', async () => {
    const worker = scene.worker();
    const id = await scene.submit('work');
    await quiet();
    const drained = worker.drain();
    await scene.pass(31_000, 1000);
    first(runs).end.resolve('just made it');
    assert.equal(await isDone(drained), true);
    assert.equal((await scene.read(id)).result, '"just made it"');
  });

  it('gives back the task of a handler that does not stop at all', async () => {
    const worker = scene.worker();
    const id = await scene.submit('work', { concurrencyKey: 'k' });
    await quiet();
    const drained = worker.drain();
    await scene.pass(36_000, 1000);
    assert.equal(await isDone(drained), true);
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.retry], ['pending', 0]);
    assert.equal(await scene.slotsTaken('k'), 1, 'the handler may still be at it');
    first(runs).end.resolve(null);
    await quiet();
    assert.equal(await scene.slotsTaken('k'), 0);
  });

  it('in the middle of a claim gives back what the claim brings, without starting it', async () => {
    const answer = scene.weather.hold('claim');
    const worker = scene.worker();
    const ids = [await scene.submit('work'), await scene.submit('work')];
    await quiet();
    assert.equal(await scene.statusOf(first(ids)), 'processing');
    const drained = worker.drain();
    assert.equal(await isDone(drained), false);
    answer();
    assert.equal(await isDone(drained), true);
    assert.equal(runs.length, 0);
    for (const id of ids) {
      const task = await scene.read(id);
      assert.deepEqual([task.status, task.retry, first(task.attempts).outcome], ['pending', 0, 'released']);
    }
  });

  it('does not wait for ever for a store that is away', async () => {
    const worker = scene.worker();
    await scene.submit('work');
    await quiet();
    scene.weather.away('settle', 'claim', 'heartbeat', 'reportNode');
    first(runs).end.resolve('done');
    const drained = worker.drain();
    await scene.pass(200_000, 1000);
    assert.equal(await isDone(drained), true);
    assert.equal(scene.log.of('error').length, 1);
  });

  it('with nothing to do is done at once, and asked twice answers the same', async () => {
    const worker = scene.worker();
    await quiet();
    const drained = worker.drain();
    assert.equal(worker.drain(), drained);
    assert.equal(await isDone(drained), true);
  });
});

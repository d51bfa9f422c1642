// A cancel reaches the handler in every phase of an attempt, and the task is canceled whatever the handler makes of it.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HandlerAborted } from '../../../src/worker/handler.ts';
import { first, quiet, type Run, Scene } from './scene.ts';

describe('a cancel', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(() => {
    scene = new Scene();
    runs = scene.manualHandler('work');
  });
  afterEach(() => scene.end());

  it('aborts the signal with the reason canceled, at once', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    const { signal } = first(runs).ctx;
    assert.equal(await scene.cancel(id), 'cancel_requested');
    await quiet();
    assert.ok(signal.aborted);
    assert.ok(signal.reason instanceof HandlerAborted);
    assert.equal(signal.reason.reason, 'canceled');
    assert.throws(() => signal.throwIfAborted(), { name: 'HandlerAborted' });
    first(runs).end.reject(signal.reason);
    await quiet();
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.errorCode, task.cancelRequested], ['canceled', 'canceled', false]);
    assert.equal(first(task.attempts).outcome, 'canceled');
  });

  it('tells its reason, if it has one', async () => {
    scene.worker();
    const [said, silent] = [await scene.submit('work'), await scene.submit('work')];
    await quiet();
    await scene.cancel(said, { reason: 'withdrawn' });
    await scene.cancel(silent);
    await quiet();
    const reasons = runs.map(({ ctx }) => ctx.signal.reason);
    assert.deepEqual(
      reasons.map((reason) => [reason?.reason, reason?.cancelReason]),
      [
        ['canceled', 'withdrawn'],
        ['canceled', null],
      ],
    );
    assert.equal(reasons[0]?.message, 'The handler was asked to stop: canceled: withdrawn');
    for (const { end } of runs) end.resolve(null);
  });

  it('also shows to a handler that looks at its signal only later', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    await scene.cancel(id, { reason: 'withdrawn' });
    await quiet();
    assert.equal(first(runs).ctx.signal.aborted, true);
    assert.equal(first(runs).ctx.signal.reason?.cancelReason, 'withdrawn');
    first(runs).end.resolve(null);
  });

  for (const [how, end] of [
    ['returns', (run: Run) => run.end.resolve('too late')],
    ['throws something else', (run: Run) => run.end.reject(new Error('broken'))],
  ] as const) {
    it(`makes the task canceled when the handler ${how} after it, and it is never retried`, async () => {
      scene.worker();
      const id = await scene.submit('work', { maxRetry: 3 });
      await quiet();
      await scene.cancel(id);
      await quiet();
      end(first(runs));
      await quiet();
      const task = await scene.read(id);
      assert.deepEqual([task.status, task.result, task.retry], ['canceled', null, 0]);
    });
  }

  it('comes too late for a result that is recorded', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    first(runs).end.resolve('done');
    await quiet();
    assert.equal(await scene.cancel(id), 'already_finished');
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('that meets the settlement on its way still counts', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    first(runs).end.resolve('done');
    // The outcome is decided, but the store hears of the cancel first.
    await scene.cancel(id);
    await quiet();
    assert.equal(await scene.statusOf(id), 'canceled');
  });

  it('that comes before the answer of the claim keeps the handler from starting', async () => {
    const release = scene.weather.hold('claim');
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    assert.equal(await scene.cancel(id), 'cancel_requested');
    await quiet();
    release();
    await quiet();
    assert.equal(runs.length, 0);
    assert.equal(await scene.statusOf(id), 'canceled');
  });

  it('whose signal is lost arrives with the next heartbeat', async () => {
    scene.weather.loseSignals('cancel');
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    await scene.cancel(id, { reason: 'withdrawn' });
    await scene.pass(29_000, 1000);
    assert.equal(first(runs).ctx.signal.aborted, false);
    await scene.pass(1000);
    assert.equal(first(runs).ctx.signal.reason?.cancelReason, 'withdrawn');
    first(runs).end.resolve(null);
  });

  it('is recorded after the grace when the handler ignores it, which keeps its slots until it really ends', async () => {
    const worker = scene.worker({ maxConcurrency: 1 });
    const id = await scene.submit('work', { concurrencyKey: 'k' });
    await quiet();
    await scene.cancel(id);
    await scene.pass(29_999, 10_000);
    assert.equal(await scene.statusOf(id), 'processing');
    await scene.pass(2);
    assert.equal(await scene.statusOf(id), 'canceled');
    assert.equal(await scene.slotsTaken('k'), 1);
    assert.equal(worker.health().running, 1);

    const next = await scene.submit('work', { concurrencyKey: 'k' });
    await scene.pass(10_000, 1000);
    assert.equal(await scene.statusOf(next), 'pending');
    first(runs).end.resolve('at last');
    await quiet();
    assert.equal(runs.length, 2);
    assert.equal(await scene.statusOf(next), 'processing');
    assert.equal(await scene.statusOf(id), 'canceled');
    first(runs, 1).end.resolve(null);
  });

  it('of one task leaves the others alone', async () => {
    scene.worker();
    const [one, two] = [await scene.submit('work'), await scene.submit('work')];
    await quiet();
    await scene.cancel(one);
    await quiet();
    assert.deepEqual(
      runs.map(({ ctx }) => ctx.signal.aborted),
      [true, false],
    );
    for (const { end } of runs) end.resolve(1);
    await quiet();
    assert.deepEqual([await scene.statusOf(one), await scene.statusOf(two)], ['canceled', 'success']);
  });
});

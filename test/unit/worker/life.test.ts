// From the claim to the outcome, when nothing goes wrong with the node or the store.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { NonRetryableError, RetryAfterError } from '../../../src/domain/errors.ts';
import { first, quiet, Scene } from './scene.ts';

describe('a node with a handler', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.end());

  it('runs a task as soon as it is submitted and records what the handler returned', async () => {
    scene.handler('add', (task) => {
      const { a, b } = task.payload as { a: number; b: number };
      return { sum: a + b };
    });
    scene.worker();
    await quiet();

    const id = await scene.submit('add', { payload: '{"a":2,"b":3}' });
    await quiet();

    const task = await scene.read(id);
    assert.equal(task.status, 'success');
    assert.equal(task.result, '{"sum":5}');
    assert.equal(task.workerId, 'node-1');
  });

  it('gives the handler the task as it was submitted, big integers included as text', async () => {
    const runs = scene.manualHandler('look');
    scene.worker();
    const payload = '{"id":12345678901234567890,"list":[]}';
    const id = await scene.submit('look', { payload, priority: 7, maxRetry: 2, tags: ['x'], concurrencyKey: 'k' });
    await quiet();

    const { task, ctx } = first(runs);
    assert.equal(task.id, id);
    assert.equal(task.payloadText, payload);
    assert.deepEqual((task.payload as { list: unknown[] }).list, []);
    assert.deepEqual([task.priority, task.retry, task.maxRetry, task.tags, task.concurrencyKey], [7, 0, 2, ['x'], 'k']);
    assert.equal(task.createdAt.getTime(), scene.clock.now());
    assert.equal(ctx.attempt, 1);
    assert.equal(ctx.nodeId, 'node-1');
    assert.equal(typeof ctx.leaseToken, 'number');
    first(runs).end.resolve(1);
  });

  it('records undefined as null, and the value of a promise of another kind', async () => {
    scene.handler('nothing', () => undefined);
    const foreignPromise = { ['then' as string]: (resolve: (value: unknown) => void) => resolve('later') };
    scene.handler('thenable', () => foreignPromise);
    scene.worker();
    const nothing = await scene.submit('nothing');
    const thenable = await scene.submit('thenable');
    await quiet();

    assert.equal((await scene.read(nothing)).result, null);
    assert.equal(await scene.statusOf(nothing), 'success');
    assert.equal((await scene.read(thenable)).result, '"later"');
  });

  it('tries a failed task again after its wait and gives up when no retries are left', async () => {
    const runs = scene.manualHandler('shaky');
    scene.worker();
    scene.sweepers();
    const retryStrategy = { type: 'fixed', delayMs: 1000, jitter: 0 } as const;
    const id = await scene.submit('shaky', { maxRetry: 1, retryStrategy });
    await quiet();

    first(runs).end.reject(new Error('first'));
    await quiet();
    assert.equal(await scene.statusOf(id), 'pending');
    await scene.pass(999);
    assert.equal(runs.length, 1);
    await scene.pass(2);
    assert.equal(runs.length, 2);
    assert.equal(first(runs, 1).ctx.attempt, 2);
    first(runs, 1).end.reject(new Error('second'));
    await quiet();

    const task = await scene.read(id);
    assert.deepEqual([task.status, task.error, task.errorCode, task.retry], ['failed', 'second', 'handler_error', 1]);
    assert.deepEqual(
      task.attempts.map(({ outcome, error }) => [outcome, error]),
      [
        ['failed', 'first'],
        ['failed', 'second'],
      ],
    );
  });

  it('never retries a NonRetryableError', async () => {
    scene.handler('bad', () => {
      throw new NonRetryableError('no use');
    });
    scene.worker();
    const id = await scene.submit('bad', { maxRetry: 5 });
    await quiet();

    const task = await scene.read(id);
    assert.deepEqual([task.status, task.errorCode, task.error], ['failed', 'non_retryable', 'no use']);
  });

  it('waits as long as a RetryAfterError says instead of what the strategy says', async () => {
    let runs = 0;
    scene.handler('busy', async () => {
      if (++runs === 1) throw new RetryAfterError('come back', 60);
      return 'ok';
    });
    scene.worker();
    scene.sweepers();
    const id = await scene.submit('busy', { maxRetry: 1 });
    await scene.pass(59_999, 10_000);
    assert.equal(runs, 1);
    await scene.pass(2);
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('runs as many handlers at once as it has slots, and the rest as slots become free', async () => {
    const runs = scene.manualHandler('slow');
    const worker = scene.worker({ maxConcurrency: 3 });
    const ids = await Promise.all(Array.from({ length: 7 }, () => scene.submit('slow')));
    await quiet();
    assert.equal(runs.length, 3);
    assert.equal(worker.health().running, 3);

    for (let ended = 0; ended < 7; ended++) {
      first(runs, ended).end.resolve(null);
      await quiet();
      assert.ok(runs.length <= ended + 4, 'more than three at once');
    }
    for (const id of ids) assert.equal(await scene.statusOf(id), 'success');
  });

  it('claims in batches, not one by one, when many slots become free in one turn', async () => {
    const runs = scene.manualHandler('many');
    scene.worker({ maxConcurrency: 50 });
    await Promise.all(Array.from({ length: 400 }, () => scene.submit('many')));
    await quiet();
    const before = scene.weather.count('claim');
    const seen = new Set<string>();
    while (runs.some(({ task }) => !seen.has(task.id))) {
      for (const { task, end } of runs) {
        seen.add(task.id);
        end.resolve(null);
      }
      await quiet();
    }
    assert.equal(seen.size, 400);
    const claims = scene.weather.count('claim') - before;
    const settles = scene.weather.count('settle');
    assert.ok(claims <= 30, `${claims} claims for 350 tasks`);
    assert.ok(settles <= 20, `${settles} settle calls for 400 tasks`);
  });

  it('never runs more than it has slots, however they become free', async () => {
    const runs = scene.manualHandler('work');
    const worker = scene.worker({ maxConcurrency: 10 });
    for (let n = 0; n < 100; n++) await scene.submit('work');
    await quiet();
    for (let ended = 0; ended < runs.length; ) {
      // 6, 3, 1, 7, ... at a time: also more than half of the slots and less than a quarter.
      const size = [6, 3, 1, 7, 10, 2][ended % 6] ?? 1;
      for (const { end } of runs.slice(ended, ended + size)) end.resolve(null);
      ended = Math.min(ended + size, runs.length);
      await quiet();
      assert.ok(worker.health().running <= 10, `${worker.health().running} at once`);
      assert.equal(worker.health().running, Math.min(10, 100 - ended), 'and every free slot is used');
    }
    assert.equal(runs.length, 100);
  });

  it('does not wait for the record of one batch before it claims the next', async () => {
    const runs = scene.manualHandler('work');
    scene.worker({ maxConcurrency: 2 });
    for (let n = 0; n < 4; n++) await scene.submit('work');
    await quiet();
    const answer = scene.weather.hold('settle');
    for (const { end } of runs) end.resolve(null);
    await quiet();
    assert.equal(runs.length, 4);
    answer();
    for (const { end } of runs) end.resolve(null);
  });

  it('asks a second time beside a claim under way when the queue is known to be long', async () => {
    const runs = scene.manualHandler('work');
    scene.worker({ maxConcurrency: 10 });
    for (let n = 0; n < 30; n++) await scene.submit('work');
    await quiet();
    const before = scene.weather.count('claim');
    const answer = scene.weather.hold('claim');
    // So that it is the freed slots that wake the claim, not the settled tasks.
    const settled = scene.weather.hold('settle');
    for (const { end } of runs.slice(0, 5)) end.resolve(null);
    await quiet();
    for (const { end } of runs.slice(5)) end.resolve(null);
    await quiet();
    assert.equal(scene.weather.count('claim') - before, 2);
    answer();
    settled();
    await quiet();
    assert.equal(runs.length, 20);
    for (const { end } of runs) end.resolve(null);
  });

  it('renews no lease of a task that has ended', async () => {
    const runs = scene.manualHandler('work');
    scene.worker();
    await scene.submit('work');
    await scene.pass(20_000);
    first(runs).end.resolve(null);
    await scene.pass(120_000, 10_000);
    assert.equal(scene.weather.count('heartbeat'), 0);
  });

  it('takes up tasks of a type whose handler is registered later', async () => {
    scene.worker();
    const id = await scene.submit('late');
    await quiet();
    assert.equal(await scene.statusOf(id), 'pending');
    scene.handler('late', () => 'here');
    await quiet();
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('finds work by its slow poll when every signal is lost', async () => {
    scene.handler('quiet', () => 1);
    scene.weather.loseSignals('work', 'timer');
    scene.worker();
    await quiet();
    const id = await scene.submit('quiet');
    await quiet();
    assert.equal(await scene.statusOf(id), 'pending');
    await scene.pass(5000);
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('asks next to nothing while there is nothing to do', async () => {
    scene.handler('idle', () => 1);
    scene.worker();
    scene.sweepers();
    await quiet();
    const before = scene.weather.total;
    await scene.pass(60_000, 1000);
    // One claim per poll (12), two node reports, two times two calls of the timer sweeper.
    assert.ok(scene.weather.total - before <= 20, `${scene.weather.total - before} calls in an idle minute`);
  });

  it('leaves no timer behind after close', async () => {
    scene.handler('idle', () => 1);
    const worker = scene.worker();
    await scene.submit('idle', { processTimeoutMs: 60_000 });
    await quiet();
    await worker.close();
    assert.equal(scene.clock.timers, 0);
  });
});

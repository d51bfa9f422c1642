// Progress: the newest counts, a tight loop costs one write per round trip, and what was said is stored before the end.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LIMITS } from '../../../src/domain/limits.ts';
import type { ProgressReport } from '../../../src/ports/task-store.ts';
import { first, quiet, type Run, Scene } from './scene.ts';

describe('progress', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(() => {
    scene = new Scene();
    runs = scene.manualHandler('work');
  });
  afterEach(() => scene.end());

  const reports = (): string[] =>
    scene.weather.asked
      .filter(({ method }) => method === 'progress')
      .flatMap(({ args }) => (args[0] as ProgressReport[]).map((report) => report.progress));

  it('is stored and resolves when it is', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    await first(runs).ctx.progress({ progress: 50, message: 'half way' });
    assert.equal((await scene.read(id)).progress, '{"progress":50,"message":"half way"}');
    first(runs).end.resolve(null);
  });

  it('that comes faster than the store takes it is merged: the newest counts, and all who wait are answered', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    const answer = scene.weather.hold('progress');
    const { progress } = first(runs).ctx;
    const all = [progress(0)];
    await quiet();
    for (let step = 1; step <= 1000; step++) all.push(progress(step));
    answer();
    await Promise.all(all);
    assert.deepEqual(reports(), ['0', '1000']);
    assert.equal((await scene.read(id)).progress, '1000');
    first(runs).end.resolve(null);
  });

  it('of many handlers travels in one call', async () => {
    scene.worker();
    for (let n = 0; n < 10; n++) await scene.submit('work');
    await quiet();
    await Promise.all(runs.map(({ ctx }, n) => ctx.progress(n)));
    assert.equal(scene.weather.count('progress'), 1);
    for (const { end } of runs) end.resolve(null);
  });

  it('that nobody waited for is stored before the outcome', async () => {
    scene.handler('hasty', (_task, ctx) => {
      void ctx.progress('last words');
      return 'bye';
    });
    scene.worker();
    const id = await scene.submit('hasty');
    await quiet();
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.progress], ['success', '"last words"']);
  });

  it('is stored before the outcome also when the one before it is still on its way', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    const answer = scene.weather.hold('progress');
    const { progress } = first(runs).ctx;
    void progress(1);
    await quiet();
    void progress(2);
    first(runs).end.resolve('done');
    await quiet();
    answer();
    await quiet();
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.progress], ['success', '2']);
  });

  it('survives a store that is away for a while', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    scene.weather.away('progress');
    const said = first(runs).ctx.progress(1);
    await scene.pass(5000, 100);
    const later = first(runs).ctx.progress(2);
    scene.weather.back();
    await scene.pass(3000, 100);
    await Promise.all([said, later]);
    assert.equal((await scene.read(id)).progress, '2');
    first(runs).end.resolve(null);
  });

  it('that cannot be stored does not hold up the outcome', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    scene.weather.away('progress');
    void first(runs).ctx.progress(1);
    await quiet();
    first(runs).end.resolve('done');
    await quiet();
    assert.equal(await scene.statusOf(id), 'success');
  });

  it('is refused with lease_lost once the lease is gone, and the handler is told to stop', async () => {
    scene.worker();
    scene.sweepers();
    await scene.submit('work');
    await quiet();
    scene.clock.set(scene.clock.now() + 100_000);
    await assert.rejects(first(runs).ctx.progress(1), { name: 'HandlerAborted', reason: 'lease_lost' });
    assert.equal(first(runs).ctx.signal.aborted, true);
    for (const { end } of runs) end.resolve(null);
  });

  it('after the end of the handler is refused and changes nothing', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    first(runs).end.resolve('done');
    await quiet();
    await assert.rejects(first(runs).ctx.progress(99), /after the end/);
    assert.equal((await scene.read(id)).progress, null);
  });

  it('that is no JSON or too large is the handler’s mistake alone', async () => {
    scene.worker();
    await scene.submit('work');
    await quiet();
    const { progress } = first(runs).ctx;
    await assert.rejects(
      progress(() => 1),
      TypeError,
    );
    await assert.rejects(progress(1n), TypeError);
    await assert.rejects(progress('x'.repeat(LIMITS.jsonBytesMax)), RangeError);
    await progress(undefined);
    assert.deepEqual(reports(), ['null']);
    first(runs).end.resolve(null);
  });

  it('that is rejected without anybody looking does not end the process', async () => {
    scene.worker();
    await scene.submit('work');
    await quiet();
    void first(runs).ctx.progress(1n);
    await quiet();
    first(runs).end.resolve(null);
  });
});

describe('the log of a handler', () => {
  it('carries the task it belongs to', async () => {
    const scene = new Scene();
    scene.handler('talk', (_task, { log }) => log.info('hello', { extra: 1 }));
    scene.worker();
    const id = await scene.submit('talk');
    await quiet();
    const line = scene.log.lines.find(({ message }) => message === 'hello');
    assert.deepEqual(line?.fields, { taskId: id, type: 'talk', attempt: 1, extra: 1 });
    await scene.end();
  });
});

// The demo handler does what a first look at XQueue expects of it.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ProgressReport } from '../../../src/ports/task-store.ts';
import { exampleHandler } from '../../../src/worker/example-handler.ts';
import { Scene } from './scene.ts';

describe('the example handler', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
    scene.registry.register(exampleHandler(scene.clock));
    scene.worker();
  });
  afterEach(() => scene.end());

  const run = async (payload: unknown, forMs: number) => {
    const id = await scene.submit('example', { payload: JSON.stringify(payload), maxRetry: 0 });
    await scene.pass(forMs, 50);
    return scene.read(id);
  };

  it('returns the message and the duration', async () => {
    const task = await run({ message: 'hi', duration: 2 }, 2000);
    assert.equal(task.status, 'success');
    assert.equal(task.result, '{"message":"hi","duration":2}');
  });

  it('takes one second and four steps unless told otherwise', async () => {
    assert.equal((await run({}, 950)).status, 'processing');
    assert.equal((await run({}, 1000)).status, 'success');
  });

  it('reports progress at each step', async () => {
    await run({ duration: 1, steps: 2 }, 1000);
    const reports = scene.weather.asked
      .filter(({ method }) => method === 'progress')
      .flatMap(({ args }) => (args[0] as ProgressReport[]).map(({ progress }) => progress));
    assert.deepEqual(reports, ['{"progress":50,"message":"step 1 of 2"}', '{"progress":100,"message":"step 2 of 2"}']);
  });

  it('fails with the message it is given', async () => {
    const task = await run({ fail: 'as asked', duration: 0 }, 100);
    assert.deepEqual([task.status, task.error, task.errorCode], ['failed', 'as asked', 'handler_error']);
  });

  it('stops at once when it is canceled', async () => {
    const id = await scene.submit('example', { payload: '{"duration":3600}' });
    await scene.pass(10_000, 1000);
    await scene.cancel(id);
    await scene.pass(1);
    assert.equal(await scene.statusOf(id), 'canceled');
  });

  it('says everything that is wrong with its payload at once, and is not tried again', async () => {
    const task = await run({ message: 1, duration: -1, fail: {}, steps: 0 }, 10);
    assert.deepEqual([task.status, task.errorCode], ['failed', 'non_retryable']);
    for (const name of ['message', 'duration', 'fail', 'steps'])
      assert.match(task.error ?? '', new RegExp(`\`${name}\``));
    assert.match((await run([1], 10)).error ?? '', /must be an object/);
  });
});

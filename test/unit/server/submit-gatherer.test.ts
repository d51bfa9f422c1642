import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import type { TaskRequest } from '../../../src/engine/engine.ts';
import { SubmitGatherer } from '../../../src/server/submit-gatherer.ts';
import { startScene } from './scene.ts';

describe('submits that arrive in one turn of the event loop', () => {
  it('travel together and are answered each with its own task', async () => {
    const sizes: number[] = [];
    await using scene = await startScene({
      wrap: (engine) => ({
        ...engine,
        submit: (requests) => {
          sizes.push(requests.length);
          return engine.submit(requests);
        },
      }),
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const { text } = await scene.call('POST', '/api/v1/tasks', { type: `t${i}` });
        return (JSON.parse(text) as { type: string }).type;
      }),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 50 }, (_, i) => `t${i}`),
    );
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      50,
    );
  });

  it('come from different callbacks of that turn', async () => {
    const batches: string[][] = [];
    const gatherer = new SubmitGatherer({
      submit: (requests) => {
        batches.push(requests.map(({ type }) => type));
        return Promise.resolve(requests.map(() => ({ state: 'conflict' })));
      },
    });
    const first = gatherer.submit({ type: 'a' });
    await Promise.resolve();
    const second = gatherer.submit({ type: 'b' });
    await new Promise((resolve) => process.nextTick(resolve));
    await Promise.all([first, second, gatherer.submit({ type: 'c' })]);
    await gatherer.submit({ type: 'd' });
    assert.deepEqual(batches, [['a', 'b', 'c'], ['d']]);
  });

  it('do not fail for one of them that cannot be taken', async () => {
    await using scene = await startScene();
    scene.engine.useConcurrency(({ type }) => {
      if (type === 'bad') throw new Error('no limit for this');
      return null;
    });
    const gatherer = new SubmitGatherer(scene.engine);
    const [a, bad, b] = await Promise.allSettled(['a', 'bad', 'b'].map((type) => gatherer.submit({ type })));
    assert.deepEqual([a?.status, bad?.status, b?.status], ['fulfilled', 'rejected', 'fulfilled']);
    assert.equal((await scene.engine.list({ limit: 10, offset: 0, order: 'asc' })).total, 2);
  });

  it('fail together when the store is away, and are not sent again', async () => {
    const sent: (readonly TaskRequest[])[] = [];
    const gatherer = new SubmitGatherer({
      submit: (requests) => {
        sent.push(requests);
        return Promise.reject(new StoreUnavailable('gone'));
      },
    });
    const both = await Promise.allSettled([gatherer.submit({ type: 'a' }), gatherer.submit({ type: 'b' })]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(sent.length, 1);
  });
});

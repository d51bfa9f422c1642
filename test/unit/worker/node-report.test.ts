// What a node tells the others about itself, and when.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { NodeReport } from '../../../src/ports/task-store.ts';
import { first, quiet, Scene } from './scene.ts';

describe('a node', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.end());

  const reports = (): NodeReport[] =>
    scene.weather.asked.filter(({ method }) => method === 'reportNode').map(({ args }) => args[0] as NodeReport);

  it('reports itself at its start', async () => {
    scene.handler('a', () => 1);
    scene.worker({ maxConcurrency: 7 });
    await quiet();
    assert.deepEqual(first(reports()), {
      id: 'node-1',
      host: 'here',
      pid: 1,
      version: '0.0.0',
      startedAt: scene.clock.now(),
      types: ['a'],
      slots: 7,
      running: 0,
      draining: false,
    });
  });

  it('reports new types at once, many of one turn together', async () => {
    scene.worker();
    await quiet();
    scene.handler('a', () => 1);
    scene.handler('b', () => 1);
    await quiet();
    assert.deepEqual(
      reports().map(({ types }) => types),
      [[], ['a', 'b']],
    );
  });

  it('reports once per heartbeat interval, and so stays live', async () => {
    scene.worker();
    await scene.pass(600_000, 10_000);
    assert.equal(reports().length, 21);
    assert.equal(first(await scene.store.nodes()).live, true);
  });

  it('reports how much it runs within two seconds, however much begins and ends meanwhile', async () => {
    const runs = scene.manualHandler('work');
    scene.handler('short', () => null);
    scene.worker();
    await quiet();
    await scene.submit('work');
    for (let n = 0; n < 10; n++) {
      await scene.submit('short');
      await scene.pass(200, 100);
    }
    assert.deepEqual(
      reports().map(({ running }) => running),
      [0, 1],
    );
    first(runs).end.resolve(null);
    await scene.pass(2000, 100);
    assert.equal(first(await scene.store.nodes()).running, 0);
    assert.equal(reports().length, 3);
  });

  it('reports again soon after the store was away', async () => {
    scene.worker();
    scene.weather.away('reportNode');
    await scene.pass(100_000, 1000);
    assert.deepEqual(await scene.store.nodes(), []);
    scene.weather.back();
    await scene.pass(2000, 1000);
    assert.equal((await scene.store.nodes()).length, 1);
    assert.equal(scene.log.of('warn').filter((line) => line.startsWith('This node cannot be reported')).length, 1);
  });

  it('is taken off the list when it is closed, also if the store does not take the last word', async () => {
    const worker = scene.worker();
    await quiet();
    assert.equal((await scene.store.nodes()).length, 1);
    await worker.close();
    assert.deepEqual(await scene.store.nodes(), []);

    const other = scene.worker({ nodeId: 'node-2' });
    await quiet();
    scene.weather.away('forgetNode');
    await other.close();
    assert.equal(scene.log.of('warn').length, 1);
  });
});

describe('a batch of handlers that compute', () => {
  it('does not keep the outcomes of the first ones waiting for the last', async () => {
    const scene = new Scene();
    const settledBefore: number[] = [];
    scene.handler('compute', () => {
      settledBefore.push(scene.weather.count('settle'));
      scene.clock.advance(10);
      return 1;
    });
    await Promise.all(Array.from({ length: 4 }, () => scene.submit('compute')));
    scene.worker();
    await quiet(40);
    assert.deepEqual(settledBefore, [0, 1, 2, 3]);
    await scene.end();
  });

  it('gives a cancel the chance to reach those that have not started', async () => {
    const scene = new Scene();
    const started: string[] = [];
    const ids: string[] = [];
    scene.handler('compute', (task) => {
      started.push(task.id);
      scene.clock.advance(10);
      void scene.cancel(ids.at(-1) ?? '');
      return 1;
    });
    for (let n = 0; n < 3; n++) ids.push(await scene.submit('compute'));
    scene.worker();
    await quiet(40);
    assert.deepEqual(started, ids.slice(0, 2));
    assert.equal(await scene.statusOf(ids.at(-1) ?? ''), 'canceled');
    await scene.end();
  });
});

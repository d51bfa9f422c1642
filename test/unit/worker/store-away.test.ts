// A store that is away, forgets to answer, or refuses one thing: outcomes are kept, claims come back, nothing runs twice.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Settlement } from '../../../src/ports/task-store.ts';
import { first, quiet, type Run, Scene } from './scene.ts';

describe('while the store is away', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(() => {
    scene = new Scene();
    runs = scene.manualHandler('work');
  });
  afterEach(() => scene.end());

  it('outcomes are kept and arrive when it is back', async () => {
    const worker = scene.worker();
    const ids = await Promise.all(Array.from({ length: 5 }, () => scene.submit('work')));
    await quiet();
    scene.weather.away('settle', 'claim', 'heartbeat', 'progress', 'reportNode');
    for (const [n, { end }] of runs.entries()) end.resolve(n);
    await scene.pass(60_000, 1000);
    assert.equal(worker.health().unsettled, 5);
    for (const id of ids) assert.equal(await scene.statusOf(id), 'processing');
    scene.weather.back();
    await scene.pass(3000, 100);
    const results = await Promise.all(ids.map(async (id) => (await scene.read(id)).result));
    assert.deepEqual(new Set(results), new Set(['0', '1', '2', '3', '4']));
    assert.equal(worker.health().unsettled, 0);
  });

  it('outcomes that come after their lease was given away are dropped, not forced', async () => {
    scene.worker();
    scene.sweepers();
    const id = await scene.submit('work');
    await quiet();
    scene.weather.away('settle', 'claim', 'heartbeat', 'reportNode');
    first(runs).end.resolve('mine');
    // Another node sweeps and runs the task meanwhile.
    await scene.pass(95_000, 1000);
    scene.weather.back();
    await scene.pass(10_000, 1000);
    assert.equal(runs.length, 2);
    first(runs, 1).end.resolve('theirs');
    await quiet();
    const task = await scene.read(id);
    assert.deepEqual([task.status, task.result], ['success', '"theirs"']);
    assert.deepEqual(
      task.attempts.map(({ outcome }) => outcome),
      ['lost', 'success'],
    );
  });

  it('nothing new is claimed once it is known that outcomes cannot be written', async () => {
    scene.worker({ maxConcurrency: 1 });
    for (let n = 0; n < 3; n++) await scene.submit('work');
    await quiet();
    scene.weather.away('settle');
    first(runs).end.resolve(1);
    await quiet();
    // The claim that left together with the first outcome.
    assert.equal(runs.length, 2);
    first(runs, 1).end.resolve(2);
    await scene.pass(20_000, 1000);
    assert.equal(runs.length, 2);
    scene.weather.back();
    await scene.pass(3000, 100);
    assert.equal(runs.length, 3);
    first(runs, 2).end.resolve(3);
  });

  it('an idle node notices nothing and claims within five seconds after it is back', async () => {
    scene.worker();
    await quiet();
    scene.weather.away('claim', 'settle', 'heartbeat', 'reportNode');
    await scene.pass(60_000, 1000);
    const id = await scene.submit('work');
    scene.weather.back();
    await scene.pass(4900, 100);
    assert.equal(await scene.statusOf(id), 'processing');
    first(runs).end.resolve(null);
  });

  it('a busy node claims again within five seconds after it is back', async () => {
    scene.worker({ maxConcurrency: 2 });
    for (let n = 0; n < 6; n++) await scene.submit('work');
    await quiet();
    scene.weather.away('claim', 'settle', 'heartbeat', 'reportNode');
    for (const { end } of runs) end.resolve(1);
    await scene.pass(60_000, 1000);
    scene.weather.back();
    await scene.pass(4900, 100);
    assert.equal(runs.length, 4);
    for (const { end } of runs) end.resolve(1);
  });

  it('asks ever more slowly instead of hammering', async () => {
    scene.worker();
    await quiet();
    scene.weather.away('claim');
    const before = scene.weather.count('claim');
    await scene.pass(60_000, 100);
    const tries = scene.weather.count('claim') - before;
    assert.ok(tries > 10 && tries < 60, `${tries} tries in a minute`);
  });

  it('says so once, and once more when it is over', async () => {
    scene.worker();
    await quiet();
    scene.weather.away('claim');
    await scene.pass(30_000, 1000);
    scene.weather.back();
    await scene.pass(5_000, 100);
    assert.equal(scene.log.of('warn').filter((line) => line.startsWith('Work cannot be claimed')).length, 1);
    assert.equal(scene.log.of('info').filter((line) => line.startsWith('Work can be claimed')).length, 1);
  });
});

describe('a reply that gets lost', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(() => {
    scene = new Scene();
    runs = scene.manualHandler('work');
  });
  afterEach(() => scene.end());

  it('of a claim costs nothing: the same request gets the same leases', async () => {
    scene.weather.loseReplies('claim', 2);
    const ids = await Promise.all([scene.submit('work'), scene.submit('work')]);
    scene.worker();
    await scene.pass(2000, 50);
    assert.equal(runs.length, 2);
    for (const { end } of runs) end.resolve('once');
    await quiet();
    for (const id of ids) {
      const { status, attempts } = await scene.read(id);
      assert.deepEqual([status, attempts.length], ['success', 1]);
    }
  });

  it('of a settlement costs nothing: it is sent again and answered the same', async () => {
    scene.worker();
    const id = await scene.submit('work');
    await quiet();
    scene.weather.loseReplies('settle', 3);
    first(runs).end.resolve('once');
    await scene.pass(5000, 50);
    const { status, attempts, result } = await scene.read(id);
    assert.deepEqual([status, attempts.length, result], ['success', 1, '"once"']);
    assert.deepEqual(
      scene.log.of('warn').filter((line) => line.includes('does not count')),
      [],
    );
  });

  it('and never comes does not stop the node: it asks again and claims on', async () => {
    const answer = scene.weather.hold('claim');
    await scene.submit('work');
    const worker = scene.worker();
    await scene.pass(9000, 1000);
    assert.equal(runs.length, 0);
    scene.weather.letNewCallsThrough('claim');
    await scene.pass(10_000, 1000);
    assert.equal(runs.length, 1);
    assert.equal(worker.health().status, 'ok');
    first(runs).end.resolve(null);
    await quiet();
    answer();
    await quiet();
    assert.equal(runs.length, 1, 'the late answer starts nothing a second time');
  });

  it('for long shows in the health of the node', async () => {
    const answer = scene.weather.hold('claim');
    const worker = scene.worker();
    await scene.pass(30_000, 1000);
    assert.equal(worker.health().status, 'stalled');
    answer();
    await quiet();
    assert.equal(worker.health().status, 'ok');
  });
});

describe('an outcome the store cannot take at all', () => {
  it('does not keep those beside it from being written', async () => {
    const scene = new Scene();
    const runs = scene.manualHandler('work');
    scene.weather.poison('settle', ([batch]) =>
      (batch as Settlement[]).some(({ outcome }) => outcome.kind === 'succeed' && outcome.result === '"poison"')
        ? new Error('cannot be stored')
        : null,
    );
    const worker = scene.worker();
    const ids = await Promise.all([scene.submit('work'), scene.submit('work'), scene.submit('work')]);
    await quiet();
    for (const { task, end } of runs) end.resolve(task.id === ids[1] ? 'poison' : 'fine');
    await quiet();
    const statuses = await Promise.all(ids.map(scene.statusOf.bind(scene)));
    assert.deepEqual(statuses, ['success', 'processing', 'success']);
    assert.equal(worker.health().unsettled, 0);
    assert.equal(scene.log.of('error').length, 1);
    await scene.end();
  });
});

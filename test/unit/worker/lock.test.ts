// Locks a handler takes: waited for, renewed, given back, and told when they are lost.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HeldLock } from '../../../src/worker/handler.ts';
import { first, quiet, type Run, Scene } from './scene.ts';

describe('ctx.lock', () => {
  let scene: Scene;
  let runs: Run[];
  beforeEach(async () => {
    scene = new Scene();
    runs = scene.manualHandler('work');
    scene.worker();
    await scene.submit('work');
    await scene.submit('work');
    await quiet();
  });
  afterEach(async () => {
    for (const { end } of runs) end.resolve(null);
    await scene.end();
  });

  const holds = () => scene.store.locks.holds();

  it('lets one in and the other wait until it is released', async () => {
    const [one, two] = [first(runs).ctx, first(runs, 1).ctx];
    const mine = await one.lock('door');
    let theirs: HeldLock | null = null;
    const waiting = two.lock('door').then((lock) => {
      theirs = lock;
      return lock;
    });
    await scene.pass(10_000, 1000);
    assert.equal(theirs, null);
    await mine.release();
    await scene.pass(2000, 100);
    const second = await waiting;
    assert.ok(second.fence > mine.fence, 'the fence only ever grows');
  });

  it('is kept for as long as the handler wants, and tells nobody it was lost', async () => {
    const lock = await first(runs).ctx.lock('door', { ttlMs: 10_000 });
    await scene.pass(600_000, 1000);
    assert.equal((await holds()).length, 1);
    assert.equal(lock.signal.aborted, false);
  });

  it('is given back when the handler ends without doing so', async () => {
    await first(runs).ctx.lock('door');
    first(runs).end.resolve(null);
    await quiet();
    assert.deepEqual(await holds(), []);
  });

  it('is given back at the end of its block', async () => {
    {
      await using lock = await first(runs).ctx.lock('door');
      assert.equal(lock.key, 'door');
      assert.equal((await holds()).length, 1);
    }
    assert.deepEqual(await holds(), []);
  });

  it('takes its time to live as a duration, too', async () => {
    const { lock } = first(runs).ctx;
    await lock('door', { ttl: '10s' });
    assert.deepEqual(
      (await holds()).map(({ remainingMs }) => remainingMs),
      [10_000],
    );
    await assert.rejects(lock('window', { ttl: 'soon' }), RangeError);
  });

  it('cannot have the name of a lock of XQueue itself', async () => {
    await assert.rejects(first(runs).ctx.lock('xqueue:relay'), /XQueue's own/);
  });

  it('with a max lets so many in', async () => {
    const { lock } = first(runs).ctx;
    await lock('pool', { max: 2 });
    await lock('pool', { max: 2 });
    const third = lock('pool', { max: 2 }).then(
      () => 'in',
      () => 'refused',
    );
    const later = scene.pass(5000, 100).then(() => 'waits');
    assert.equal(await Promise.race([third, later]), 'waits');
  });

  it('says so when it was lost because nobody could renew it', async () => {
    const lock = await first(runs).ctx.lock('door', { ttlMs: 9000 });
    const keep = scene.store.locks.renew.bind(scene.store.locks);
    scene.store.locks.renew = () => Promise.reject(new Error('away'));
    await scene.pass(8999, 1000);
    assert.equal(lock.signal.aborted, false);
    await scene.pass(2);
    assert.equal(lock.signal.aborted, true);
    scene.store.locks.renew = keep;
  });

  it('stops waiting when the handler is aborted', async () => {
    await first(runs).ctx.lock('door');
    const waiting = first(runs, 1).ctx.lock('door');
    const refused = assert.rejects(waiting, { name: 'HandlerAborted', reason: 'canceled' });
    await scene.cancel(first(runs, 1).task.id);
    await quiet();
    await refused;
    assert.equal((await holds()).length, 1);
  });

  it('that arrives after the end of its handler is given back at once', async () => {
    const lock = await first(runs).ctx.lock('door');
    const late = assert.rejects(first(runs, 1).ctx.lock('door'), /ended while it waited/);
    first(runs, 1).end.resolve(null);
    await quiet();
    await lock.release();
    await scene.pass(2000, 100);
    await late;
    assert.deepEqual(await holds(), []);
  });

  it('that nobody waits for any more does not end the process', async () => {
    await first(runs).ctx.lock('door');
    void first(runs, 1).ctx.lock('door');
    await scene.cancel(first(runs, 1).task.id);
    await quiet();
  });

  it('refuses what cannot be meant', async () => {
    const { lock } = first(runs).ctx;
    await assert.rejects(lock(''), RangeError);
    await assert.rejects(lock('x'.repeat(257)), RangeError);
    await assert.rejects(lock('door', { ttlMs: 0 }), RangeError);
    await assert.rejects(lock('door', { max: 0.5 }), RangeError);
  });
});

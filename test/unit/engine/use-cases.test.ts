// What the house asks of the engine: submit, read, cancel, retry, wait.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { byPayload, byType } from '../../../src/domain/concurrency.ts';
import { StoreUnavailable, XQueueError } from '../../../src/domain/errors.ts';
import { DEFAULT_RETRY } from '../../../src/domain/retry.ts';
import type { Submission } from '../../../src/ports/task-store.ts';
import { EngineScene, quiet, report } from './scene.ts';

let scene: EngineScene;
beforeEach(async () => {
  scene = new EngineScene();
  await quiet();
});
afterEach(() => scene.engine.close());

describe('an engine', () => {
  it('says what a submit survives and offers the locks of its store', () => {
    assert.equal(scene.engine.durability, 'memory');
    assert.equal(scene.engine.locks, scene.store.locks);
  });
});

describe('a submit', () => {
  it('fills in what the client left out', async () => {
    const task = await scene.engine.get(await scene.submit('plain'));
    assert.equal(task?.status, 'pending');
    assert.equal(task.payload, '{}');
    assert.deepEqual([task.priority, task.maxRetry, task.tags, task.limits], [0, 3, [], []]);
    assert.deepEqual([task.queueTimeoutMs, task.processTimeoutMs], [600_000, 600_000]);
    assert.deepEqual(task.retryStrategy, DEFAULT_RETRY);
    assert.deepEqual([task.concurrencyKey, task.maxConcurrency], [null, null]);
  });

  it('keeps what the client gave, zero included', async () => {
    const asked = {
      payload: '[12345678901234567890]',
      priority: -5,
      maxRetry: 0,
      queueTimeoutMs: 0,
      processTimeoutMs: 0,
      tags: ['a'],
      retryStrategy: { type: 'fixed', delayMs: 0, factor: 0, maxDelayMs: 0, jitter: 0 },
    } as const;
    const task = await scene.engine.get(await scene.submit('full', asked));
    for (const [name, value] of Object.entries(asked)) assert.deepEqual(Reflect.get(task ?? {}, name), value, name);
  });

  it('does not let an explicit undefined erase a default of the strategy', async () => {
    const retryStrategy = { type: 'linear', delayMs: undefined } as unknown as { type: 'linear' };
    const task = await scene.engine.get(await scene.submit('odd', { retryStrategy }));
    assert.deepEqual(task?.retryStrategy, { ...DEFAULT_RETRY, type: 'linear' });
  });

  it('is due at once, after a delay, or at an instant', async () => {
    const now = scene.clock.now();
    const runAt = async (request: object) => (await scene.engine.get(await scene.submit('due', request)))?.runAt;
    assert.equal(await runAt({}), now);
    assert.equal(await runAt({ delayMs: 5000 }), now + 5000);
    assert.equal(await runAt({ runAt: now + 7000 }), now + 7000);
  });

  it('takes an id that a durable source brings, and a second time answers that it exists', async () => {
    const id = '01890000-0000-7000-8000-000000000000';
    const [one] = await scene.engine.submit([{ id, type: 'x' }]);
    const [two] = await scene.engine.submit([{ id, type: 'x' }]);
    assert.deepEqual([one?.state, two?.state], ['created', 'exists']);
  });

  it('hands the idempotency key on', async () => {
    const idempotency = { key: 'k', fingerprint: 'f' };
    const id = await scene.submit('x', { idempotency });
    const [again, other] = await scene.engine.submit([
      { type: 'x', idempotency },
      { type: 'x', idempotency: { key: 'k', fingerprint: 'g' } },
    ]);
    assert.equal(again?.state, 'replayed');
    assert.equal(again.task.id, id);
    assert.equal(other?.state, 'conflict');
  });

  it('of many callers in one turn is one call to the store, in order', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, () => scene.submit('many')));
    assert.equal(scene.weather.count('submit'), 1);
    const { tasks } = await scene.engine.list({ limit: 100, offset: 0, order: 'asc' });
    assert.deepEqual(
      tasks.map(({ id }) => id),
      ids,
    );
  });

  it('fails with StoreUnavailable when the store is away, and nothing is kept in memory', async () => {
    scene.weather.away('submit');
    await assert.rejects(scene.submit('x'), StoreUnavailable);
    scene.weather.back();
    await quiet();
    assert.equal((await scene.engine.list({ limit: 1, offset: 0, order: 'asc' })).total, 0);
  });

  it('adds the limits of the strategies to those of the client; the smaller of two for one key counts', async () => {
    scene.engine.useConcurrency(byType({ image: 10 }), byPayload('user_id', 3), () => null);
    scene.engine.useConcurrency(({ priority }) => [
      { key: 'all', max: 100 },
      { key: 'user_id:7', max: priority + 1 },
    ]);
    const id = await scene.submit('image', { payload: '{"user_id":7}', concurrencyKey: 'mine', maxConcurrency: 2 });
    assert.deepEqual((await scene.engine.get(id))?.limits, [
      { key: 'all', max: 100 },
      { key: 'mine', max: 2 },
      { key: 'type:image', max: 10 },
      { key: 'user_id:7', max: 1 },
    ]);
  });

  it('is refused when a strategy throws or answers nonsense, and nothing of the call is sent', async () => {
    let answer: () => unknown = () => {
      throw new Error('bug');
    };
    scene.engine.useConcurrency((() => answer()) as never);
    const refused = (error: unknown): boolean => error instanceof XQueueError && error.code === 'invalid_request';
    await assert.rejects(scene.submit('x'), refused);
    for (const limit of [{ key: '', max: 1 }, { key: 'k', max: 0 }, { key: 'k', max: 1.5 }, { key: 5, max: 1 }, {}]) {
      answer = () => limit;
      await assert.rejects(scene.engine.submit([{ type: 'x' }, { type: 'y' }]), refused);
    }
    assert.equal(scene.weather.count('submit'), 0);
  });

  it('with an empty list answers an empty list', async () => {
    assert.deepEqual(await scene.engine.submit([]), []);
  });

  it('sends each task with the ids the engine made, all different', async () => {
    await scene.engine.submit(Array.from({ length: 1500 }, () => ({ type: 'x' })));
    const batches = scene.weather.asked.filter(({ method }) => method === 'submit');
    const specs = batches.flatMap(({ args }) => (args[0] as Submission[]).map(({ spec }) => spec.id));
    assert.equal(new Set(specs).size, 1500);
    assert.deepEqual(
      batches.map(({ args }) => (args[0] as Submission[]).length),
      [1000, 500],
    );
  });
});

describe('reading', () => {
  it('of many callers in one turn is one call to the store, each task once', async () => {
    const id = await scene.submit('x');
    const tasks = await Promise.all([scene.engine.get(id), scene.engine.get('unknown'), scene.engine.get(id)]);
    assert.deepEqual(
      tasks.map((task) => task?.id),
      [id, undefined, id],
    );
    assert.equal(scene.weather.count('get'), 1);
    assert.deepEqual(scene.weather.asked.findLast(({ method }) => method === 'get')?.args, [[id, 'unknown']]);
  });

  it('of handlers names the types that some live node can run now', async () => {
    await scene.store.reportNode(report('gone', { types: ['lost'] }));
    await scene.pass(90_000);
    await scene.store.reportNode(report('n2', { types: ['b', 'a'] }));
    await scene.store.reportNode(report('n1', { types: ['a'] }));
    await scene.store.reportNode(report('n3', { types: ['c'], draining: true }));
    assert.deepEqual(await scene.engine.handlers(), [
      { type: 'a', nodes: ['n1', 'n2'] },
      { type: 'b', nodes: ['n2'] },
    ]);
  });

  it('of health tells whether the store answers', async () => {
    assert.equal((await scene.engine.health()).store.status, 'ok');
    await scene.store.close();
    const { store } = await scene.engine.health();
    assert.deepEqual([store.status, store.detail], ['down', 'The store is closed']);
  });
});

describe('cancel and retry', () => {
  it('cancel what waits, and bring it back with all its retries', async () => {
    const id = await scene.submit('x');
    assert.equal((await scene.engine.cancel(id)).state, 'canceled');
    assert.equal((await scene.engine.cancel(id)).state, 'already_canceled');
    assert.equal((await scene.engine.revive(id)).state, 'revived');
    assert.equal((await scene.engine.revive(id)).state, 'not_retryable');
    assert.equal((await scene.engine.get(id))?.status, 'pending');
    assert.equal((await scene.engine.cancel('unknown')).state, 'not_found');
    assert.equal((await scene.engine.revive('unknown')).state, 'not_found');
  });

  it('of many callers are one call to the store', async () => {
    const ids = await Promise.all([scene.submit('x'), scene.submit('x')]);
    await Promise.all(ids.map((id) => scene.engine.cancel(id)));
    assert.equal(scene.weather.asked.filter(({ method }) => method === 'cancel').length, 1);
  });
});

describe('waiting for the end', () => {
  it('answers as soon as the task is final', async () => {
    const id = await scene.submit('x');
    const waiting = scene.engine.waitForFinal(id, 60_000);
    await quiet();
    await scene.succeed(await scene.claim('x'));
    await quiet();
    assert.equal((await waiting)?.status, 'success');
  });

  it('answers with the task as it is when the time is over', async () => {
    const id = await scene.submit('x');
    const waiting = scene.engine.waitForFinal(id, 5000);
    await scene.pass(5000);
    assert.equal((await waiting)?.status, 'pending');
  });

  it('answers null for an unknown task, at once', async () => {
    assert.equal(await scene.engine.waitForFinal('unknown', 60_000), null);
  });

  it('watches a task from its snapshot to its end', async () => {
    const id = await scene.submit('x');
    const seen: string[] = [];
    const watching = (async () => {
      for await (const change of scene.engine.watch(id)) {
        seen.push(change.kind === 'snapshot' ? change.task.status : change.event.status);
      }
    })();
    await quiet();
    await scene.succeed(await scene.claim('x'));
    await quiet();
    await watching;
    assert.deepEqual(seen, ['pending', 'processing', 'success']);
  });
});

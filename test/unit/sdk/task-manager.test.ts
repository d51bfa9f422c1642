import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import {
  byPayload,
  byType,
  ConfigError,
  type Handler,
  NonRetryableError,
  type Options,
  StartError,
  TaskCanceled,
  TaskFailed,
  TaskManager,
  TaskTimedOut,
  WaitTimedOut,
  withConcurrency,
  withDelay,
  withIdempotencyKey,
  withPriority,
  withRetry,
  withTags,
  withTimeout,
  XQueueError,
} from '../../../src/index.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function started(options: Options = {}, ...handlers: Handler[]): Promise<TaskManager> {
  const manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' }, ...options });
  open.push(() => manager.close());
  return manager.registerHandlers(handlers);
}

interface Gate {
  readonly handler: Handler;
  readonly pass: () => void;
  readonly started: Promise<void>;
  readonly running: () => number;
}

/** A handler that runs until the test says so. */
function gate(type: string): Gate {
  const opened = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  let running = 0;
  const handler: Handler = {
    type,
    async handle(_task, ctx) {
      running++;
      first.resolve();
      const aborted = new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      await Promise.race([opened.promise, aborted]);
      running--;
      ctx.signal.throwIfAborted();
      return 'passed';
    },
  };
  return { handler, pass: () => opened.resolve(), started: first.promise, running: () => running };
}
const echo: Handler = { type: 'echo', handle: (task) => task.payload };

describe('a task submitted in a program', () => {
  it('runs, and its result comes back as the handler returned it', async () => {
    const manager = await started({}, echo);
    const handle = await manager.submitTask<{ user: number }>('echo', { user: 123, empty: [] });
    assert.deepEqual(await handle.result(), { user: 123, empty: [] });
    const task = await manager.get(handle.id);
    assert.equal(task?.status, 'success');
    assert.deepEqual(
      task?.attempts.map((attempt) => attempt.outcome),
      ['success'],
    );
    assert.ok(task?.createdAt instanceof Date);
  });
  it('is handed to a handler that is registered later', async () => {
    const manager = await started();
    const handle = await manager.submitTask('echo', 1);
    assert.equal(await handle.status(), 'pending');
    manager.registerHandler(echo);
    assert.equal(await handle.result(), 1);
  });
  it('takes null as a payload, and {} when there is none', async () => {
    const manager = await started({}, echo);
    assert.equal(await (await manager.submitTask('echo', null)).result(), null);
    assert.deepEqual(await (await manager.submitTask('echo')).result(), {});
  });
  it('keeps an integer of 30 digits', async () => {
    const manager = await started({}, { type: 'text', handle: (task) => task.payloadText });
    const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
    const handle = await manager.submitTask('text', { n: rawJSON('123456789012345678901234567890') });
    assert.equal(await handle.result(), '{"n":123456789012345678901234567890}');
    assert.equal((await manager.get(handle.id))?.payloadText, '{"n":123456789012345678901234567890}');
  });
  it('a handle is no promise: awaiting the submit does not wait for the work', async () => {
    const { handler, pass } = gate('slow');
    const manager = await started({}, handler);
    const handle = await manager.submitTask('slow');
    assert.ok(!('then' in handle));
    pass();
    assert.equal(await handle.result(), 'passed');
  });
});

describe('result() throws as the task ended', () => {
  it('TaskFailed with code, error and the whole task', async () => {
    const manager = await started(
      {},
      { type: 'broken', handle: () => Promise.reject(new Error('no luck')) },
      { type: 'hopeless', handle: () => Promise.reject(new NonRetryableError('never')) },
    );
    const broken = await manager.submitTask('broken', {}, withRetry(1, { type: 'fixed', delay: '1ms', jitter: 0 }));
    await assert.rejects(broken.result(), (error: unknown) => {
      assert.ok(error instanceof TaskFailed);
      assert.equal(error.code, 'handler_error');
      assert.equal(error.retryable, true);
      assert.match(error.message, /no luck/);
      assert.equal(error.task.attempts.length, 2);
      return true;
    });
    const hopeless = await manager.submitTask('hopeless');
    await assert.rejects(hopeless.result(), (error: unknown) => {
      assert.ok(error instanceof TaskFailed);
      assert.equal(error.code, 'non_retryable');
      assert.equal(error.retryable, false);
      return true;
    });
    assert.equal((await hopeless.settled()).status, 'failed');
  });
  it('TaskCanceled, whether it waited or ran', async () => {
    const { handler, started: runs } = gate('slow');
    const manager = await started({}, handler);
    const running = await manager.submitTask('slow');
    await runs;
    assert.equal(await running.cancel({ reason: 'enough' }), 'cancel_requested');
    await assert.rejects(running.result(), TaskCanceled);
    assert.equal((await running.task()).error, 'Canceled while running: enough');
    const waiting = await manager.submitTask('nobody');
    await assert.rejects(manager.cancel(waiting.id, { reason: 'r'.repeat(501) }), { code: 'invalid_request' });
    assert.equal(await manager.cancel(waiting.id, { reason: 'not needed' }), 'canceled');
    await assert.rejects(waiting.result(), TaskCanceled);
    assert.equal((await waiting.task()).error, 'Canceled before it started: not needed');
    await assert.rejects(
      waiting.cancel().then(() => manager.cancel('00000000-0000-7000-8000-000000000000')),
      {
        code: 'task_not_found',
      },
    );
  });
  it('TaskTimedOut when it waited too long', async () => {
    const manager = await started();
    const handle = await manager.submitTask('nobody', {}, withTimeout({ queue: '50ms' }));
    await assert.rejects(
      handle.result(),
      (error: unknown) => error instanceof TaskTimedOut && error.code === 'queue_timeout',
    );
  });
  it("WaitTimedOut when the caller's own wait is over, the signal's reason when it aborts; the task goes on", async () => {
    const { handler, pass } = gate('slow');
    const manager = await started({}, handler);
    const handle = await manager.submitTask('slow');
    await assert.rejects(handle.result({ timeout: '20ms' }), WaitTimedOut);
    const reason = new Error('enough');
    const controller = new AbortController();
    const waiting = handle.result({ signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    pass();
    assert.equal(await handle.result(), 'passed');
  });
});

describe('watch()', () => {
  it('shows every change and ends with the final state', async () => {
    const manager = await started(
      {},
      {
        type: 'steps',
        async handle(_task, ctx) {
          await ctx.progress({ progress: 50 });
          return 1;
        },
      },
    );
    const handle = await manager.submitTask('steps', {}, withDelay('50ms'));
    const seen: string[] = [];
    let version = 0;
    for await (const change of handle.watch()) {
      assert.ok(change.version > version, 'versions rise');
      version = change.version;
      seen.push(change.progress === null ? change.status : `${change.status} ${JSON.stringify(change.progress)}`);
    }
    assert.equal(seen[0], 'pending');
    assert.match(seen.at(-1) ?? '', /^success/);
    assert.ok(seen.includes('processing {"progress":50}'), seen.join());
  });
});

describe('options', () => {
  it('reach the task, from functions and from plain objects; the last word counts', async () => {
    const manager = await started();
    const handle = await manager.submitTask(
      'nobody',
      {},
      withPriority(1),
      withConcurrency('user_1', 3),
      withRetry(7, { type: 'linear', delay: '2s', maxDelay: 60 }),
      withTimeout('90s'),
      withTags('a', 'b'),
      { priority: 5, queueTimeout: 0 },
    );
    const task = await manager.get(handle.id);
    assert.equal(task?.priority, 5);
    assert.equal(task?.concurrencyKey, 'user_1');
    assert.equal(task?.maxConcurrency, 3);
    assert.equal(task?.maxRetry, 7);
    assert.deepEqual(task?.retryStrategy, {
      type: 'linear',
      delayMs: 2000,
      factor: 2,
      maxDelayMs: 60_000,
      jitter: 0.1,
    });
    assert.equal(task?.processTimeoutMs, 90_000);
    assert.equal(task?.queueTimeoutMs, 0);
    assert.deepEqual(task?.tags, ['a', 'b']);
  });
  it('that are wrong are refused with every fault, by the names a program knows', async () => {
    const manager = await started();
    const bad = {
      priorty: 1,
      maxRetry: -1,
      delay: 'soon',
      runAt: new Date(Number.NaN),
      retryStrategy: { maxDelai: 1 },
    };
    await assert.rejects(manager.submitTask('bad type', { n: 1n }, bad as object), (error: unknown) => {
      assert.ok(error instanceof XQueueError);
      assert.equal(error.code, 'invalid_request');
      const paths = error.faults.map((fault) => fault.path).sort();
      assert.deepEqual(paths, ['delay', 'maxRetry', 'payload', 'priorty', 'retryStrategy.maxDelai', 'runAt', 'type']);
      assert.match(error.message, /priorty .*did you mean priority\?/);
      assert.match(error.message, /retryStrategy\.maxDelai .*did you mean maxDelay\?/);
      return true;
    });
  });
  it('one bad task of many refuses all, by its place in the list', async () => {
    const manager = await started();
    const tasks = [{ type: 'a' }, { type: 'b', priority: 0.5 }];
    await assert.rejects(manager.submitTasks(tasks), /\[1\]\.priority/);
    assert.equal((await manager.list()).total, 0);
    const handles = await manager.submitTasks([{ type: 'a' }, { type: 'b', payload: { n: 1 }, tags: ['x'] }]);
    assert.deepEqual(
      (await manager.list({ order: 'asc' })).tasks.map((task) => task.type),
      ['a', 'b'],
    );
    assert.equal(handles.length, 2);
    assert.equal((await manager.list({ tag: 'x' })).total, 1);
  });
  it('an idempotency key answers the first task again, and refuses another one', async () => {
    const manager = await started();
    const first = await manager.submitTask('a', { n: 1 }, withIdempotencyKey('k'));
    const again = await manager.submitTask('a', { n: 1 }, withIdempotencyKey('k'));
    assert.equal(again.id, first.id);
    await assert.rejects(manager.submitTask('a', { n: 2 }, withIdempotencyKey('k')), { code: 'idempotency_conflict' });
  });
});

describe('concurrency', () => {
  it('strategies limit what runs at once', async () => {
    const { handler, pass, started: runs, running } = gate('image');
    const manager = await started({}, handler, echo);
    manager.useConcurrency(byType({ image: 2 }), byPayload('user', 1));
    const images = await manager.submitTasks([1, 2, 3].map((user) => ({ type: 'image', payload: { user } })));
    await runs;
    await (await manager.submitTask('echo', 1)).result();
    assert.equal(running(), 2);
    const keys = await manager.concurrency();
    assert.equal(keys.find(({ key }) => key === 'type:image')?.running, 2);
    pass();
    assert.deepEqual(await Promise.all(images.map((handle) => handle.result())), ['passed', 'passed', 'passed']);
  });
  it("an operator's limit of 0 pauses a type until it is taken away", async () => {
    const manager = await started({}, echo);
    await manager.setLimit('type:echo', 0);
    const handle = await manager.submitTask('echo', 1);
    assert.equal((await manager.get(handle.id))?.pendingReason, 'paused');
    await manager.setLimit('type:echo', null);
    assert.equal(await handle.result(), 1);
    await assert.rejects(manager.setLimit('k', -1), { code: 'invalid_request' });
  });
  it('a lock is held by one at a time, a semaphore by as many as it says', async () => {
    const manager = await started();
    const first = await manager.lock('report');
    const waiting = manager.lock('report');
    const controller = new AbortController();
    const impatient = manager.lock('report', { signal: controller.signal });
    controller.abort(new Error('too long'));
    await assert.rejects(impatient, /too long/);
    await first.release();
    const second = await waiting;
    assert.ok(second.fence > first.fence);
    await second.release();
    const both = await Promise.all([manager.semaphore('pair', 2), manager.semaphore('pair', 2)]);
    await Promise.all(both.map((held) => held.release()));
  });
});

describe('looking at and changing tasks', () => {
  it('retry brings a failed task back; a task that waits cannot be retried', async () => {
    let luck = 'no luck';
    const manager = await started(
      {},
      {
        type: 'moody',
        handle() {
          if (luck !== '') throw new Error(luck);
          return 'fine';
        },
      },
    );
    const handle = await manager.submitTask('moody', {}, { maxRetry: 0 });
    await assert.rejects(handle.result(), TaskFailed);
    luck = '';
    assert.equal(await (await manager.retry(handle.id)).result(), 'fine');
    await assert.rejects(manager.retry(handle.id), { code: 'not_retryable' });
    await assert.rejects(manager.retry('00000000-0000-7000-8000-000000000000'), { code: 'task_not_found' });
  });
  it('stats count what is there', async () => {
    const manager = await started({}, echo);
    await (await manager.submitTask('echo')).result();
    await manager.submitTask('nobody');
    const { types, accepted } = await manager.stats();
    assert.equal(types['echo']?.success, 1);
    assert.equal(types['nobody']?.pending, 1);
    assert.equal(accepted, 2);
  });
  it('an unknown task is null for get, and an error for a handle', async () => {
    const manager = await started();
    const id = '00000000-0000-7000-8000-000000000000';
    assert.equal(await manager.get(id), null);
    await assert.rejects(manager.handle(id).result(), { code: 'task_not_found' });
    await assert.rejects(manager.handle(id).status(), { code: 'task_not_found' });
  });
  it('list refuses what is out of bounds', async () => {
    const manager = await started();
    await assert.rejects(manager.list({ limit: 1001 }), { code: 'invalid_request' });
    await assert.rejects(manager.list({ offset: -1 }), { code: 'invalid_request' });
  });
});

describe('start and close', () => {
  it('settings that are unknown or wrong are refused, all of them, as in the configuration', async () => {
    const bad = { queue: { maxConcurency: 1, lease: 'soon' }, redis: { adr: 'x' } };
    await assert.rejects(TaskManager.start(bad as object), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.problems.map(({ name }) => name),
        ['queue.maxConcurency', 'redis.adr', 'queue.lease'],
      );
      assert.match(error.message, /did you mean queue\.maxConcurrency\?/);
      return true;
    });
  });
  it('without `server` nothing listens for HTTP; with it there is a URL', async () => {
    assert.equal((await started()).url, null);
    const { url } = await started({ server: { port: 0 } });
    const health = (await (await fetch(`${url}/api/v1/health`)).json()) as { status: string };
    assert.equal(health.status, 'ok');
  });
  it('close lets running handlers end; after it nothing is accepted; closing again is fine', async () => {
    const { handler, pass, started: runs } = gate('slow');
    const manager = await started({}, handler);
    const result = (await manager.submitTask('slow')).result();
    await runs;
    const closing = manager.close();
    await assert.rejects(manager.submitTask('slow'), { code: 'draining' });
    pass();
    assert.equal(await result, 'passed');
    await closing;
    await manager.close();
  });
  it('a file keeps tasks from one manager to the next, and belongs to one at a time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'xqueue-sdk-'));
    open.push(async () => rmSync(folder, { recursive: true }));
    const options = { embedded: { path: join(folder, 'tasks.db') } };
    const first = await started(options);
    const { id } = await first.submitTask('echo', { kept: true });
    await assert.rejects(TaskManager.start({ ...options, mqtt: { broker: 'off' } }), (error: unknown) => {
      assert.ok(error instanceof StartError);
      assert.equal(error.setting, 'embedded.path');
      return true;
    });
    await first.close();
    const second = await started(options, echo);
    assert.deepEqual(await second.handle(id).result(), { kept: true });
  });
  it('a handler for a type that is taken is refused', async () => {
    const manager = await started({}, echo);
    assert.throws(() => manager.registerHandler(echo), /registered already/);
    const api = await started({ node: { role: 'api' } });
    assert.throws(() => api.registerHandler(echo), /runs no tasks/);
  });
});

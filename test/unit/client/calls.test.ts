import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { BatchRefused, ServerUnreachable, XQueueClient } from '../../../src/client.ts';
import {
  defineTask,
  implement,
  TaskCanceled,
  TaskFailed,
  TaskTimedOut,
  typed,
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
import { clientOf, gate, losing, started } from './server.ts';

const add = defineTask({ type: 'add', input: typed<{ a: number; b: number }>(), output: typed<number>() });
const adds = implement(add, { handle: ({ payload: { a, b } }) => a + b });

describe('a client', () => {
  it('submits a task of a contract and gets its result', async () => {
    const client = clientOf(await started({}, adds));
    const handle = await client.submit(add, { a: 20, b: 22 }, withPriority(3));
    assert.equal(await handle.result(), 42);
    const task = await client.get(handle.id);
    assert.equal(task?.priority, 3);
    assert.deepEqual(
      task?.attempts.map(({ outcome }) => outcome),
      ['success'],
    );
    assert.ok(task?.completedAt instanceof Date);
  });

  it('shows a task as a program on the node sees it', async () => {
    const manager = await started({}, { type: 'echo', handle: (task) => task.payload });
    const client = clientOf(manager);
    const { id } = await client.submitTask(
      'echo',
      { big: 1, 'key "quoted"': [[], {}], ünïcode: '😀' },
      withTags('a', 'b'),
      withConcurrency('user', 3),
      withRetry(2, { type: 'fixed', delay: '1500ms' }),
      withTimeout({ queue: '2m', process: 0 }),
    );
    const ended = await client.handle(id).settled();
    assert.deepEqual(ended, await manager.get(id));
    assert.deepEqual((await client.list({ type: 'echo' })).tasks, (await manager.list({ type: 'echo' })).tasks);
  });

  it('keeps an integer of 30 digits', async () => {
    const client = clientOf(await started({}, { type: 'text', handle: (task) => task.payloadText }));
    const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
    const handle = await client.submitTask('text', { n: rawJSON('123456789012345678901234567890') });
    assert.equal(await handle.result(), '{"n":123456789012345678901234567890}');
    assert.equal((await client.get(handle.id))?.payloadText, '{"n":123456789012345678901234567890}');
  });

  it('throws as the task ended', async () => {
    const { handler, started: runs } = gate('slow');
    const manager = await started({}, handler, { type: 'broken', handle: () => Promise.reject(new Error('no luck')) });
    const client = clientOf(manager);
    await assert.rejects((await client.submitTask('broken', {}, withRetry(0))).result(), (error: unknown) => {
      assert.ok(error instanceof TaskFailed);
      assert.match(error.message, /no luck/);
      assert.deepEqual([error.code, error.retryable, error.cause?.error], ['handler_error', true, 'no luck']);
      return true;
    });
    const waiting = await client.submitTask('nobody');
    await assert.rejects(waiting.result({ timeout: '1ms' }), WaitTimedOut);
    assert.equal(await waiting.cancel(), 'canceled');
    assert.equal(await client.cancel(waiting.id), 'canceled');
    await assert.rejects(waiting.result(), TaskCanceled);
    const late = await client.submitTask('nobody', {}, withTimeout({ queue: '1ms' }));
    await assert.rejects(late.result(), TaskTimedOut);
    const running = await client.submitTask('slow');
    await runs;
    assert.equal(await running.cancel({ reason: 'enough' }), 'cancel_requested');
    const withdrawn = await client.submitTask('nobody');
    assert.equal(await client.cancel(withdrawn.id, { reason: 'withdrawn' }), 'canceled');
    await assert.rejects(withdrawn.result(), /Canceled before it started: withdrawn/);
    await assert.rejects(withdrawn.cancel({ reason: '' }), { code: 'invalid_request' });
  });

  it('ends a wait when its signal is aborted, with the reason', async () => {
    const client = clientOf(await started());
    const handle = await client.submitTask('nobody');
    const abort = new AbortController();
    const waiting = handle.result({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });

  it('names what is wrong in the words of the program', async () => {
    const client = clientOf(await started());
    await assert.rejects(client.submitTask('bad type', {}, { maxRetry: -1, retryStrategy: { jitter: 7 } }), (error) => {
      assert.ok(error instanceof XQueueError);
      assert.equal(error.code, 'invalid_request');
      assert.deepEqual(error.faults.map(({ path }) => path).sort(), ['maxRetry', 'retryStrategy.jitter', 'type']);
      return true;
    });
    await assert.rejects(client.submitTask('x', {}, { prio: 1 } as object), /prio is not known; did you mean priority/);
    await assert.rejects(client.submitTask('x', { n: 1n }), /payload must be a JSON value/);
  });

  it('retries a failed task, once it has failed', async () => {
    let runs = 0;
    const manager = await started(
      {},
      { type: 'second', handle: () => (++runs === 1 ? Promise.reject(new Error('first')) : 'second') },
    );
    const client = clientOf(manager);
    const handle = await client.submitTask('second', {}, withRetry(0));
    assert.equal((await handle.settled()).status, 'failed');
    assert.equal(await (await client.retry(handle.id)).result(), 'second');
    await assert.rejects(client.retry(handle.id), { code: 'not_retryable' });
  });

  it('knows that there is no such task', async () => {
    const client = clientOf(await started());
    const id = '01900000-0000-7000-8000-000000000000';
    assert.equal(await client.get(id), null);
    for (const call of [() => client.cancel(id), () => client.retry(id), () => client.handle(id).result()]) {
      await assert.rejects(call(), { code: 'task_not_found' });
    }
  });

  it('looks at stats, health, nodes, handlers and keys, and sets limits', async () => {
    const manager = await started({}, adds);
    const client = clientOf(manager);
    await client.submitTask('nobody');
    assert.equal((await client.stats()).types['nobody']?.pending, 1);
    assert.equal((await client.health()).status, 'ok');
    assert.equal((await client.nodes()).nodes[0]?.id, manager.nodeId);
    assert.equal((await client.handlers()).handlers[0]?.type, 'add');
    await client.setLimit('user 1/a', 3);
    assert.deepEqual(
      (await client.concurrency()).keys.map(({ key, limit }) => [key, limit]),
      [['user 1/a', 3]],
    );
    await client.setLimit('user 1/a', null);
    assert.equal((await client.concurrency()).count, 0);
  });

  it('sends its API key, and is refused without one or with too little of one', async () => {
    const sha256 = createHash('sha256').update('secret').digest('hex');
    const keys = [{ name: 'reader', sha256, scopes: ['read'] as const }];
    const manager = await started({ auth: { keys } });
    await assert.rejects(clientOf(manager).list(), { code: 'unauthorized', retryable: false });
    const reader = clientOf(manager, { apiKey: 'secret' });
    assert.equal((await reader.list()).total, 0);
    await assert.rejects(reader.submitTask('x'), { code: 'forbidden' });
  });

  it('takes the address with or without /api/v1, and no nonsense', async () => {
    const manager = await started();
    for (const end of ['', '/', '/api/v1', '/api/v1/']) {
      assert.equal((await new XQueueClient({ url: `${manager.url}${end}` }).list()).total, 0);
    }
    assert.throws(() => new XQueueClient({ url: 'localhost' }), TypeError);
  });
});

describe('many tasks', () => {
  it('are submitted in order and listed page after page, each once', async () => {
    const client = clientOf(await started());
    const inputs = Array.from({ length: 2500 }, (_, n) => ({ a: n, b: 0 }));
    const handles = await client.submitMany(add, inputs, withDelay('1h'));
    const listed: string[] = [];
    const payloads: unknown[] = [];
    for await (const task of client.listAll({ type: 'add' })) {
      listed.push(task.id);
      payloads.push(task.payload);
    }
    assert.deepEqual(
      listed,
      handles.map(({ id }) => id),
    );
    assert.deepEqual(payloads, inputs);
  });

  it('travel in as many calls as their size needs', async () => {
    const client = clientOf(await started());
    const big = 'x'.repeat(900_000);
    const handles = await client.submitTasks([1, 2, 3].map((n) => ({ type: 'big', payload: { n, big } })));
    assert.equal(new Set(handles.map(({ id }) => id)).size, 3);
    assert.equal((await client.list({ type: 'big' })).total, 3);
  });

  it('that are not valid are named, and the others are accepted', async () => {
    const client = clientOf(await started());
    const tasks = [{ type: 'good' }, { type: 'bad type' }, { type: 'good', idempotencyKey: 'mine' }];
    await assert.rejects(client.submitTasks(tasks), (error) => {
      assert.ok(error instanceof BatchRefused);
      assert.deepEqual(
        error.ids.map((id) => id !== null),
        [true, false, true],
      );
      assert.equal(error.faults[0]?.path, '[1].type');
      return true;
    });
    assert.equal((await client.list({ type: 'good' })).total, 2);
  });
});

describe('an answer that is lost', () => {
  const isSubmit = (path: string, method: string) => method === 'POST' && path.includes('/tasks');

  it('does not make a task twice', async () => {
    const manager = await started();
    const client = clientOf(manager, { fetch: losing(2, isSubmit) });
    const { id } = await client.submitTask('once', { a: 1 });
    const page = await manager.list();
    assert.deepEqual([page.total, page.tasks[0]?.id], [1, id]);
  });

  it('does not make a batch twice', async () => {
    const manager = await started();
    const client = clientOf(manager, { fetch: losing(1, isSubmit) });
    const handles = await client.submitMany(add, [
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ]);
    const { tasks, total } = await manager.list({ order: 'asc' });
    assert.equal(total, 2);
    assert.deepEqual(
      tasks.map(({ id }) => id),
      handles.map(({ id }) => id),
    );
  });

  it('keeps the key of the program, with any visible character', async () => {
    const manager = await started();
    const client = clientOf(manager, { fetch: losing(1, isSubmit) });
    const key = 'order "7" \\ a,b';
    const first = await client.submitTask('x', { a: 1 }, withIdempotencyKey(key));
    assert.equal((await client.submitTask('x', { a: 1 }, withIdempotencyKey(key))).id, first.id);
    await assert.rejects(client.submitTask('x', { a: 2 }, withIdempotencyKey(key)), { code: 'idempotency_conflict' });
  });

  it('is asked for again for reads and cancels, and not for a retry', async () => {
    const manager = await started();
    const { id } = await clientOf(manager).submitTask('nobody');
    const client = () => clientOf(manager, { fetch: losing(1, () => true) });
    assert.equal((await client().get(id))?.status, 'pending');
    assert.equal(await client().cancel(id), 'canceled');
    await assert.rejects(client().retry(id), ServerUnreachable);
    assert.equal((await manager.get(id))?.status, 'pending', 'the retry itself was made');
  });

  it('that never comes ends in ServerUnreachable, with the cause', async () => {
    const client = new XQueueClient({ url: 'http://127.0.0.1:9', retries: 1 });
    await assert.rejects(client.list(), (error) => {
      assert.ok(error instanceof ServerUnreachable);
      assert.deepEqual([error.code, error.retryable], ['unreachable', true]);
      assert.match(error.message, /No server answers at http:\/\/127\.0\.0\.1:9/);
      assert.ok(error.cause instanceof Error);
      return true;
    });
  });

  it('is waited for when the server says that it is busy', async () => {
    const manager = await started();
    let refusals = 2;
    const busy: typeof fetch = async (input, init) =>
      refusals-- > 0
        ? Response.json({ code: 'draining', status: 503 }, { status: 503, headers: { 'retry-after': '0' } })
        : fetch(input, init);
    assert.equal((await clientOf(manager, { fetch: busy }).list()).total, 0);
    assert.equal(refusals, -1);
  });
});

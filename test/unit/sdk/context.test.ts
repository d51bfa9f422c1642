import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  defineTask,
  implement,
  type Middleware,
  NonRetryableError,
  TaskManager,
  typed,
  withIdempotencyKey,
  withRetry,
} from '../../../src/index.ts';

const open: TaskManager[] = [];
afterEach(async () => {
  for (const manager of open.splice(0)) await manager.close();
});
async function started(): Promise<TaskManager> {
  const manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' } });
  open.push(manager);
  return manager;
}
const atOnce = withRetry(1, { type: 'fixed', delay: '1ms', jitter: 0 });

describe('ctx.submit', () => {
  it('submits a child that can be awaited', async () => {
    const manager = await started();
    const double = defineTask({ type: 'double', input: typed<number>(), output: typed<number>() });
    manager.registerHandlers([
      implement(double, { handle: ({ payload }) => payload * 2 }),
      {
        type: 'parent',
        async handle(_task, { submit }) {
          const child = await submit(double, 21);
          return (await child.result()) + 1;
        },
      },
    ]);
    assert.equal(await (await manager.submitTask('parent')).result(), 43);
  });

  it('gives an attempt that is tried again the children of the one before, each of two that are alike', async () => {
    const manager = await started();
    const ids: string[][] = [];
    manager.registerHandlers([
      { type: 'child', handle: () => 'done' },
      {
        type: 'parent',
        async handle(_task, ctx) {
          const children = [await ctx.submit('child', { n: 1 }), await ctx.submit('child', { n: 1 })];
          ids.push(children.map(({ id }) => id));
          if (ctx.attempt === 1) throw new Error('once more');
        },
      },
    ]);
    await (await manager.submitTask('parent', {}, atOnce)).result();
    assert.equal(ids.length, 2);
    assert.deepEqual(ids[1], ids[0]);
    assert.notEqual(ids[0]?.[0], ids[0]?.[1]);
    assert.equal((await manager.list({ type: 'child' })).total, 2);
    const [parent] = (await manager.list({ type: 'parent' })).tasks;
    assert.ok(parent && parent.parentId === null);
    const { tasks, total } = await manager.list({ parentId: parent.id, order: 'asc' });
    assert.deepEqual([total, tasks.map(({ id }) => id)], [2, ids[0]]);
    assert.deepEqual([...new Set(tasks.map(({ parentId }) => parentId))], [parent.id]);
  });

  it('refuses what is not valid, and takes an idempotency key of its own', async () => {
    const manager = await started();
    manager.registerHandler({
      type: 'parent',
      async handle(_task, ctx) {
        await assert.rejects(ctx.submit('bad type'), { code: 'invalid_request' });
        const first = await ctx.submit('child', { at: 1 }, withIdempotencyKey('mine'));
        const again = await ctx.submit('child', { at: 1 }, withIdempotencyKey('mine'));
        await assert.rejects(ctx.submit('child', { at: 2 }, withIdempotencyKey('mine')), {
          code: 'idempotency_conflict',
        });
        return first.id === again.id;
      },
    });
    assert.equal(await (await manager.submitTask('parent', {}, withRetry(0))).result(), true);
  });
});

describe('the context', () => {
  it('has an idempotency key that stays and a lease token that grows from attempt to attempt', async () => {
    const manager = await started();
    const seen: { key: string; token: number; attempt: number; id: string }[] = [];
    manager.registerHandler({
      type: 'twice',
      handle(_task, { idempotencyKey: key, leaseToken: token, attempt, task }) {
        seen.push({ key, token, attempt, id: task.id });
        if (attempt === 1) throw new Error('once more');
      },
    });
    await (await manager.submitTask('twice', {}, atOnce)).result();
    const [first, second] = seen;
    assert.ok(first && second);
    assert.equal(second.key, first.key);
    assert.equal(first.id, second.id);
    assert.ok(second.token > first.token);
    assert.deepEqual([first.attempt, second.attempt], [1, 2]);
  });
});

describe('middleware', () => {
  const named =
    (name: string, said: string[]): Middleware =>
    async (ctx, next) => {
      said.push(`${name} before ${ctx.task.type}`);
      const result = await next();
      said.push(`${name} after ${String(result)}`);
      return result;
    };

  it('runs around the handler, that of the node outside that of the handler', async () => {
    const manager = await started();
    const said: string[] = [];
    manager.use(named('node', said));
    manager.registerHandler({
      type: 'work',
      middleware: [named('first', said), named('second', said)],
      handle: () => 'result',
    });
    assert.equal(await (await manager.submitTask('work')).result(), 'result');
    assert.deepEqual(said, [
      'node before work',
      'first before work',
      'second before work',
      'second after result',
      'first after result',
      'node after result',
    ]);
  });

  it('may change the result, answer without the handler, and judge an error', async () => {
    const manager = await started();
    let runs = 0;
    manager.registerHandlers([
      { type: 'changed', middleware: [async (_ctx, next) => `<${String(await next())}>`], handle: () => 'x' },
      { type: 'cached', middleware: [() => 'from the cache'], handle: () => runs++ },
      {
        type: 'judged',
        middleware: [
          (_ctx, next) =>
            next().catch((error: unknown) => {
              throw new NonRetryableError('hopeless', { cause: error });
            }),
        ],
        handle: () => Promise.reject(new Error('no luck')),
      },
    ]);
    assert.equal(await (await manager.submitTask('changed')).result(), '<x>');
    assert.equal(await (await manager.submitTask('cached')).result(), 'from the cache');
    assert.equal(runs, 0);
    const judged = await (await manager.submitTask('judged')).settled();
    assert.deepEqual([judged.errorCode, judged.attempts.length], ['non_retryable', 1]);
  });

  it('cannot start the handler twice', async () => {
    const manager = await started();
    let runs = 0;
    manager.registerHandler({
      type: 'twice',
      middleware: [
        async (_ctx, next) => {
          await next();
          return next();
        },
      ],
      handle: () => runs++,
    });
    const task = await (await manager.submitTask('twice', {}, withRetry(0))).settled();
    assert.match(task.error ?? '', /next\(\) twice/);
    assert.equal(runs, 1);
  });

  it('that is no function is refused', async () => {
    const manager = await started();
    const wrong = ['log'] as unknown as Middleware[];
    assert.throws(() => manager.use(...wrong), { code: 'invalid_request' });
    assert.throws(() => manager.registerHandler({ type: 'a', middleware: wrong, handle: () => 1 }), /middleware/);
  });
});

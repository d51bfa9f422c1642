import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineTask, HandlerAborted, implement, NonRetryableError, typed } from '../../../src/index.ts';
import { runHandler } from '../../../src/testing.ts';
import { mail } from '../sdk/schemas.ts';

describe('runHandler', () => {
  it('gives back the result and everything the handler did to its context', async () => {
    const child = defineTask({ type: 'child', input: typed<number>(), retry: { max: 7 } });
    const run = await runHandler(
      {
        type: 'work',
        async handle(task, ctx) {
          await ctx.progress({ progress: 50 });
          ctx.log.info('half way', { attempt: ctx.attempt });
          await using lock = await ctx.lock('user_1');
          await ctx.submit(child, 1);
          await ctx.submit('other', { a: 1 }, { priority: 2 });
          return { got: task.payload, at: new Date(0), fence: lock.fence };
        },
      },
      { a: 1 },
      { attempt: 2 },
    );
    assert.equal(run.outcome, 'success');
    assert.deepEqual(run.result, { got: { a: 1 }, at: '1970-01-01T00:00:00.000Z', fence: 1 });
    assert.deepEqual(run.progress, [{ progress: 50 }]);
    assert.deepEqual(run.logs, [{ level: 'info', message: 'half way', fields: { attempt: 2 } }]);
    assert.deepEqual(run.locks, ['user_1']);
    assert.deepEqual(
      run.children.map(({ type, payload }) => [type, payload]),
      [
        ['child', 1],
        ['other', { a: 1 }],
      ],
    );
    assert.equal(run.children[0]?.options[0]?.maxRetry, 7);
  });

  it('says whether a failure would be tried again', async () => {
    const broken = { type: 'broken', handle: () => Promise.reject(new Error('no luck')) };
    assert.equal((await runHandler(broken)).outcome, 'retry');
    const last = await runHandler(broken, {}, { attempt: 4, maxRetry: 3 });
    assert.equal(last.outcome, 'failed');
    assert.match(String(last.error), /no luck/);
    const hopeless = { type: 'x', handle: () => Promise.reject(new NonRetryableError('never')) };
    assert.equal((await runHandler(hopeless)).outcome, 'failed');
    assert.equal((await runHandler({ type: 'x', handle: () => 1n })).outcome, 'failed', 'a result that is not JSON');
  });

  it('checks a contract as the queue does', async () => {
    const send = implement(defineTask({ type: 'send', input: mail }), { handle: ({ payload }) => payload.copies });
    assert.equal((await runHandler(send, { to: 'ann' })).result, 1);
    const wrong = await runHandler(send, { to: 1 });
    assert.equal(wrong.outcome, 'failed');
    assert.match(String(wrong.error), /payload\.to: must be a text/);
  });

  it('aborts, with the reason asked for', async () => {
    const waits = {
      type: 'waits',
      handle: (_task: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          if (signal.aborted) reject(signal.reason as Error);
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    };
    const canceled = await runHandler(waits, {}, { abortAfter: 0, cancelReason: 'withdrawn' });
    assert.equal(canceled.outcome, 'canceled');
    assert.ok(canceled.error instanceof HandlerAborted);
    assert.equal(canceled.error.cancelReason, 'withdrawn');
    const shut = await runHandler(waits, {}, { abortAfter: '5ms', abortReason: 'shutdown' });
    assert.ok(shut.error instanceof HandlerAborted);
    assert.equal(shut.error.reason, 'shutdown');
  });
});

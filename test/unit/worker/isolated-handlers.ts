// Handlers for the tests of isolation, in their own file as isolation asks. Each kind of type is there for threads and
// for processes. (Not through src/index.ts: what a host loads is what it costs to start.)
import { threadId } from 'node:worker_threads';
import { defineTask } from '../../../src/contract/define-task.ts';
import { typed } from '../../../src/contract/standard-schema.ts';
import { NonRetryableError } from '../../../src/domain/errors.ts';
import { implement } from '../../../src/sdk/implement.ts';
import type { Handler, Isolation } from '../../../src/worker/handler.ts';

export const double = defineTask({ type: 'double', input: typed<number>(), output: typed<number>() });

function handlersFor(isolation: Isolation): Handler[] {
  const of = (name: string, handle: Handler['handle']): Handler => ({
    type: `${isolation}.${name}`,
    isolation,
    file: import.meta.url,
    handle,
  });
  return [
    of('echo', (task, ctx) => ({ payload: task.payload, attempt: ctx.attempt, pid: process.pid, threadId })),
    of('spin', () => {
      for (;;);
    }),
    of('crash', () => process.exit(3)),
    of('hopeless', () => Promise.reject(new NonRetryableError('never'))),
    of('bigint', () => 1n),
    of('nothing', () => undefined),
    of('context', async (_task, ctx) => {
      await ctx.progress({ progress: 50 });
      ctx.log.info('from inside');
      const lock = await ctx.lock('user_1');
      await lock.release();
      const child = await ctx.submit(double, 21);
      return { fence: lock.fence, child: await child.result() };
    }),
    of('polite', async (_task, { signal, progress, log }) => {
      const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
      await progress('waiting');
      await stopped;
      log.info(`${signal.reason?.reason}: ${signal.reason?.cancelReason}`);
      throw signal.reason;
    }),
  ];
}

export const handlers: Handler[] = [
  ...handlersFor('thread'),
  ...handlersFor('process'),
  implement(double, { handle: ({ payload }) => payload * 2 }),
];

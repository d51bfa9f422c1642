// Handlers as users write them, good and bad ones. Each start and end is noted, so that a test knows what really ran.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HandlerAborted, type HandlerContext, type HandlerTask } from '../../src/worker/handler.ts';
import { note } from './runs.ts';

/** The threads of the node that were told of calls: handler files are loaded before the store is opened. */
const threads = new Set<Worker>();
const post = Object.getOwnPropertyDescriptor(Worker.prototype, 'postMessage')?.value as (...args: unknown[]) => void;
Worker.prototype.postMessage = function (this: Worker, ...args: unknown[]) {
  if ((args[0] as { readonly kind?: unknown }).kind === 'calls') threads.add(this);
  post.apply(this, args);
};

interface Wish {
  /** How long it takes. */
  readonly ms?: number;
  /** How many attempts fail before one succeeds. */
  readonly fails?: number;
  /** Which odd thing to return or throw. */
  readonly odd?: string;
}

type Body = (wish: Wish, task: HandlerTask, ctx: HandlerContext) => unknown;

function handler(type: string, body: Body) {
  return {
    type,
    async handle(task: HandlerTask, ctx: HandlerContext): Promise<unknown> {
      const run = { taskId: task.id, type, attempt: ctx.attempt, key: task.concurrencyKey };
      note({ what: 'start', ...run });
      try {
        return await body(task.payload as Wish, task, ctx);
      } finally {
        note({ what: 'end', ...run });
      }
    },
  };
}

function blockThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const ODD_RESULTS: Readonly<Record<string, () => unknown>> = {
  'a BigInt': () => ({ n: 1n }),
  'a circle': () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    return circle;
  },
  '2 MB': () => 'x'.repeat(2_000_000),
  'a function': () => () => undefined,
  'undefined inside': () => ({ kept: 1, gone: undefined }),
};

const ODD_ERRORS: Readonly<Record<string, () => unknown>> = {
  'throws null': () => null,
  'throws a number': () => 42,
  'throws a circle': () => {
    const circle = new Error('round');
    circle.cause = circle;
    return circle;
  },
  'throws 50 MB': () => new Error('x'.repeat(50_000_000)),
  'throws half a character': () => new Error('\ud83d'),
  'throws a trap': () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('do not touch');
        },
      },
    ),
};

export default [
  handler('quick', ({ ms = 0 }) => ({ ms })),
  // Not even noted, for measuring.
  { type: 'nothing', handle: () => null },
  handler('sleepy', async ({ ms = 50 }, _task, { signal }) => {
    await sleep(ms, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
    return { ms };
  }),
  handler('reporting', async ({ ms = 50 }, _task, ctx) => {
    await ctx.progress({ progress: 50 });
    await sleep(ms);
    return { ms };
  }),
  handler('flaky', async ({ fails = 1, ms = 0 }, task) => {
    await sleep(ms);
    if (task.retry < fails) throw new Error(`failure number ${task.retry + 1}`);
    return { fails };
  }),
  // Hangs until its node dies; then quick.
  handler('second_time_lucky', async (_wish, _task, { attempt, signal }) => {
    if (attempt === 1) await sleep(60_000, undefined, { signal });
  }),
  handler('deadly', () => process.exit(3)),
  // As if the store's thread had run out of memory. It is the one that is told of calls.
  handler('ends_the_store', async (_wish, _task, { attempt, signal }) => {
    if (attempt === 1) for (const thread of threads) await thread.terminate();
    if (attempt === 1) await sleep(60_000, undefined, { signal });
  }),
  handler('blocking', ({ ms = 1000 }) => {
    blockThread(ms);
    return { ms };
  }),
  // Sees that it should stop, and does not.
  handler('deaf', async ({ ms = 1000 }, _task, { signal }) => {
    let heard: string | null = null;
    signal.addEventListener('abort', () => {
      heard = signal.reason instanceof HandlerAborted ? signal.reason.reason : String(signal.reason);
    });
    await sleep(ms);
    return { heard };
  }),
  handler('odd', ({ odd = '' }) => {
    const result = ODD_RESULTS[odd];
    if (result !== undefined) return result();
    throw ODD_ERRORS[odd]?.();
  }),
  handler('forgetful', () => {
    // A mistake users make: nobody waits for this promise.
    void Promise.reject(new Error('nobody waits for this'));
    return { ok: true };
  }),
];

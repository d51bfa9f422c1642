// A real server in this process, and ways to lose what it answers.
import { after } from 'node:test';
import { XQueueClient } from '../../../src/client.ts';
import { type Handler, type Options, TaskManager } from '../../../src/index.ts';

/** Ends with the test file. */
export async function started(options: Options = {}, ...handlers: Handler[]): Promise<TaskManager> {
  const manager = await TaskManager.start({
    embedded: { path: ':memory:' },
    mqtt: { listen: '' },
    server: { port: 0 },
    ...options,
  });
  after(() => manager.close());
  return manager.registerHandlers(handlers);
}

export function clientOf(manager: TaskManager, options: Partial<ConstructorParameters<typeof XQueueClient>[0]> = {}) {
  return new XQueueClient({ url: manager.url ?? '', ...options });
}

export interface Gate {
  readonly handler: Handler;
  readonly pass: () => void;
  readonly started: Promise<void>;
}

/** A handler that reports progress once and then runs until the test says so. */
export function gate(type: string): Gate {
  const opened = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  return {
    pass: () => opened.resolve(),
    started: first.promise,
    handler: {
      type,
      async handle(_task, ctx) {
        await ctx.progress(10);
        first.resolve();
        const aborted = new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
        await Promise.race([opened.promise, aborted]);
        await ctx.progress(90);
        return 'passed';
      },
    },
  };
}

/** The server gets the first `count` calls that match and does its work; their answers are lost on the way back. */
export function losing(count: number, isHit: (path: string, method: string) => boolean): typeof fetch {
  let left = count;
  return async (input, init) => {
    const response = await fetch(input, init);
    if (left === 0 || !isHit(new Request(input).url, init?.method ?? 'GET')) return response;
    left--;
    await response.text();
    throw new TypeError('fetch failed', { cause: new Error('socket hang up') });
  };
}

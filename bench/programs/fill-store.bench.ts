// Fills a data file with tasks of many kinds in all states that last: what lists are filtered by must be there, common and rare.
import { type TaskInput } from '../../src/index.ts';
import { run } from '../harness/program.ts';
import { startManager } from './start-manager.ts';

export interface FillInput {
  readonly path: string;
  readonly tasks: number;
}

const CHUNK = 1000;
const CHUNKS_IN_FLIGHT = 4;

await run(async ({ path, tasks }: FillInput) => {
  const manager = await startManager(path, 100);
  const handle = (task: { readonly payload: unknown }): null => {
    if (Number(task.payload) % 50 === 0) throw new Error('as planned');
    return null;
  };
  const ended = tasks / 5;
  return {
    measure: async () => {
      let next = 0;
      const fill = async (): Promise<void> => {
        while (next < tasks) {
          const from = next;
          next += CHUNK;
          await manager.submitTasks(Array.from({ length: CHUNK }, (_, at) => taskOf(from + at)));
        }
      };
      await Promise.all(Array.from({ length: CHUNKS_IN_FLIGHT }, fill));
      manager.registerHandler({ type: 'thumbnail', handle });
      for (;;) {
        const counts = (await manager.stats()).types['thumbnail'];
        if (counts !== undefined && counts.success + counts.failed >= ended) return null;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    end: () => manager.close(),
  };
});

/** 20 % thumbnails that run, 1 % reports, the rest mails; half of all for one region, one in a thousand tagged as rare. */
function taskOf(number: number): TaskInput {
  const type = number % 5 === 0 ? 'thumbnail' : number % 100 === 1 ? 'report' : 'mail';
  const tags = [number % 2 === 0 ? 'eu' : 'us', ...(number % 1000 === 7 ? ['rare'] : [])];
  const key = number % 10 === 3 ? { concurrencyKey: `user_${number % 1000}`, maxConcurrency: 2 } : {};
  return { type, payload: number, tags, ...key, maxRetry: 0, queueTimeout: 0 };
}

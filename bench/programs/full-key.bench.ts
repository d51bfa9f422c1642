// One key is full and many tasks wait behind it; how long does a task wait that has nothing to do with it?
import { run } from '../harness/program.ts';
import { startManager } from './start-manager.ts';

export interface FullKeyInput {
  readonly path: string;
  /** Tasks behind the full key; 0 = the same on an empty queue. */
  readonly blocked: number;
  readonly probes: number;
}

export interface FullKeyResult {
  readonly latenciesMs: readonly number[];
}

const CHUNK = 1000;
const PAUSE_MS = 5;

await run(async ({ path, blocked, probes }: FullKeyInput) => {
  const manager = await startManager(path, 100);
  let started: (at: number) => void = () => undefined;
  const open = new AbortController();
  const isOpen = new Promise<void>((resolve) => open.signal.addEventListener('abort', () => resolve()));
  // Both types run the same handler: blocked tasks and free ones compete in one queue.
  const handle = async (task: { readonly payload: unknown }): Promise<void> => {
    if (task.payload === 'free') started(performance.now());
    else await isOpen;
  };
  manager.registerHandler({ type: 'work', handle });
  for (let sent = 0; sent < blocked; sent += CHUNK) {
    const count = Math.min(CHUNK, blocked - sent);
    await manager.submitTasks(
      Array.from({ length: count }, () => ({
        type: 'work',
        payload: 'blocked',
        concurrencyKey: 'full',
        maxConcurrency: 1,
        queueTimeout: 0,
      })),
    );
  }
  const probe = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const start = new Promise<number>((resolve) => {
      started = resolve;
    });
    const from = performance.now();
    const [at] = await Promise.all([start, manager.submitTask('work', 'free')]);
    return at - from;
  };
  for (let warm = 0; warm < 50; warm++) await probe();
  return {
    measure: async (): Promise<FullKeyResult> => {
      const latenciesMs: number[] = [];
      for (let n = 0; n < probes; n++) latenciesMs.push(await probe());
      return { latenciesMs };
    },
    // What is behind the key is not wanted any more; ending at once spares running it.
    end: async () => process.exit(0),
  };
});

// What XQueue costs while nothing happens: fresh, and after it has worked.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure, Scenario } from '../harness/scenario.ts';
import { cpuBetween } from '../harness/usage.ts';
import { startXQueue, type XQueueServer } from '../servers/xqueue.ts';

const SETTLE_MS = 5000;
const WATCH_MS = 30_000;
const BATCHES = 20;
const BATCH = 1000;
/** An idle process is the same each time; more rounds would only take time. */
const RUNS_MAX = 2;

export const idle: Scenario = {
  name: 'idle',
  title: 'An idle process',
  how: [
    `The built command, as \`npm start\` runs it, with its defaults in an empty folder, ${SETTLE_MS / 1000} s after it is ready, watched for ${WATCH_MS / 1000} s`,
    `then ${BATCHES * BATCH} tasks by HTTP batches through a no-op handler, the same pause, watched again`,
  ],
  async run({ runs, scratch }) {
    const [fresh, worked, starts]: [Idle[], Idle[], number[]] = [[], [], []];
    for (let round = 0; round < Math.min(runs, RUNS_MAX); round++) {
      const dir = mkdtempSync(join(scratch, 'idle-'));
      const handlers = new URL('../programs/no-op-handlers.mjs', import.meta.url).pathname;
      const server = await startXQueue({ path: join(dir, 'xqueue.db'), handlers });
      try {
        starts.push(server.startMs);
        fresh.push(await watch(server));
        await work(server);
        worked.push(await watch(server));
      } finally {
        await server.stop();
        rmSync(dir, { recursive: true, force: true });
      }
    }
    const figures: Figure[] = [
      {
        of: 'fresh',
        what: 'CPU of one core',
        unit: '% CPU',
        values: fresh.map(({ cpu }) => cpu),
        target: { atMost: 0.5 },
      },
      { of: 'fresh', what: 'resident', unit: 'MB', values: fresh.map(({ mb }) => mb), target: { atMost: 120 } },
      { of: 'after work', what: 'CPU of one core', unit: '% CPU', values: worked.map(({ cpu }) => cpu) },
      { of: 'after work', what: 'resident', unit: 'MB', values: worked.map(({ mb }) => mb) },
      { of: 'start', what: 'until /readyz says yes', unit: 'ms', values: starts },
    ];
    return { figures, notes: [] };
  },
};

export interface Idle {
  /** Percent of one core. */
  readonly cpu: number;
  readonly mb: number;
}

export async function watch(server: XQueueServer, watchMs = WATCH_MS): Promise<Idle> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = server.usage();
  await new Promise((resolve) => setTimeout(resolve, watchMs));
  const after = server.usage();
  return { cpu: (cpuBetween(before, after) / (watchMs / 1000)) * 100, mb: after.residentMb };
}

async function work({ url }: XQueueServer): Promise<void> {
  const tasks = Array.from({ length: BATCH }, (_, number) => ({ type: 'bench', payload: { number } }));
  const headers = { 'content-type': 'application/json' };
  for (let batch = 0; batch < BATCHES; batch++) {
    const answer = await fetch(`${url}/api/v1/tasks/batch`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ tasks }),
    });
    await answer.text();
  }
  for (;;) {
    const answer = await fetch(`${url}/api/v1/stats`);
    const { tasks: counts } = (await answer.json()) as { tasks: { success: number } };
    if (counts.success >= BATCHES * BATCH) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

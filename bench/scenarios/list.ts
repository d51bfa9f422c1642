// Lists and counts with a million stored tasks, over HTTP.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { measureOnce, nodeProgram } from '../harness/child.ts';
import type { Context, Figure, Report, Scenario } from '../harness/scenario.ts';
import { percentile } from '../harness/statistics.ts';
import type { FillInput } from '../programs/fill-store.bench.ts';
import type { GetInput, GetResult } from '../programs/get-load.bench.ts';
import { startXQueue, type XQueueServer } from '../servers/xqueue.ts';
import { watch } from './idle.ts';

const TASKS = 1_000_000;
const CALLS = 200;
const WATCH_MS = 10_000;
const QUERIES = [
  '',
  '?limit=100',
  '?order=asc',
  '?offset=1000',
  '?offset=100000',
  '?offset=999990',
  '?order=asc&offset=500000',
  '?status=pending',
  '?status=success',
  '?status=success&offset=100000',
  '?status=failed',
  '?status=canceled',
  '?type=mail',
  '?type=report',
  '?type=nothing',
  '?type=mail&status=pending',
  '?type=mail&status=pending&offset=100000',
  '?type=thumbnail&status=failed',
  '?tag=eu',
  '?tag=eu&offset=100000',
  '?tag=rare',
  '?tag=rare&status=pending',
  '?tag=us&type=report',
  '?tag=eu&status=pending',
  '?concurrency_key=user_3',
  '?concurrency_key=user_3&status=pending',
  '?tag=us&type=mail&status=pending&concurrency_key=user_3',
] as const;

export const list: Scenario = {
  name: 'list',
  title: 'GET /tasks with 1,000,000 stored tasks',
  how: [
    `${TASKS} tasks: 79 % mails and 1 % reports waiting, 20 % thumbnails run (2 % of them failed), tags eu and us 50 % each, rare 0.1 %,`,
    `a key on 10 %; ${CALLS} calls per query, one after the other, page and count included; the data file is filled once`,
  ],
  async run(context) {
    const dir = mkdtempSync(join(context.scratch, 'list-'));
    try {
      return await measureIn(dir, context);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function measureIn(dir: string, { runs, say }: Context): Promise<Report> {
  const path = join(dir, 'xqueue.db');
  const fillInput: FillInput = { path, tasks: TASKS };
  const from = performance.now();
  await measureOnce(nodeProgram(new URL('../programs/fill-store.bench.ts', import.meta.url), fillInput));
  const fillSeconds = (performance.now() - from) / 1000;
  say(`filled ${TASKS} tasks in ${fillSeconds.toFixed(0)} s`);
  // Measured while nobody has it open, so that the write-ahead log is in it.
  const fileBytes = statSync(path).size;
  const server = await startXQueue({ path });
  try {
    const rounds: GetResult[] = [];
    for (let round = 0; round < runs; round++) rounds.push(await readAll(server));
    const idle = await watch(server, WATCH_MS);
    const figures: Figure[] = QUERIES.flatMap((query, at) => figuresOf(query, at, rounds));
    return {
      figures: [
        ...figures,
        { of: 'fill', what: 'submit all, run a fifth', unit: 's', values: [fillSeconds] },
        { of: 'file', what: 'per task', unit: 'bytes', values: [fileBytes / TASKS] },
        { of: 'start', what: 'until /readyz says yes', unit: 'ms', values: [server.startMs] },
        { of: 'idle', what: 'CPU of one core', unit: '% CPU', values: [idle.cpu] },
        { of: 'idle', what: 'resident', unit: 'MB', values: [idle.mb] },
      ],
      notes: [],
    };
  } finally {
    await server.stop();
  }
}

async function readAll({ url }: XQueueServer): Promise<GetResult> {
  const urls = [...QUERIES.map((query) => `${url}/api/v1/tasks${query}`), `${url}/api/v1/stats`];
  const input: GetInput = { urls, callsPerUrl: CALLS };
  return (await measureOnce<GetResult>(nodeProgram(new URL('../programs/get-load.bench.ts', import.meta.url), input)))
    .result;
}

function figuresOf(query: string, at: number, rounds: readonly GetResult[]): Figure[] {
  const values = (share: number): number[] => rounds.map(({ latenciesMs }) => percentile(latenciesMs[at] ?? [], share));
  const of = `${query === '' ? '(no filter)' : query.slice(1)}: ${totalOf(rounds[0]?.bodies[at])}`;
  return [
    { of, what: 'p50', unit: 'ms', values: values(0.5) },
    { of, what: 'p99', unit: 'ms', values: values(0.99), target: { atMost: 20 } },
  ];
}

/** How many tasks match, as the answer says. */
function totalOf(body = ''): string {
  return /"total":(\d+)/.exec(body)?.[1] ?? '?';
}

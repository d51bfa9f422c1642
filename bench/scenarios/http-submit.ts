// `POST /tasks`, one task per call, against a bare route of the same HTTP library.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Child, nodeProgram } from '../harness/child.ts';
import { alternate } from '../harness/rounds.ts';
import { type Figure, ratio, type Scenario } from '../harness/scenario.ts';
import { cpuBetween, type Usage } from '../harness/usage.ts';
import type { LoadInput, LoadResult } from '../programs/http-load.bench.ts';
import { startXQueue } from '../servers/xqueue.ts';

const CONNECTIONS = 64;
const SECONDS = 5;
const WARM_UP_SECONDS = 3;
const BODY = JSON.stringify({ type: 'bench', payload: { number: 1, text: 'x'.repeat(75) }, priority: 5 });

interface Load extends LoadResult {
  readonly cpuMicrosPerCall: number;
}

export const httpSubmit: Scenario = {
  name: 'http-submit',
  title: 'POST /tasks, one task per call',
  how: [
    `autocannon, ${CONNECTIONS} connections, ${SECONDS} s after ${WARM_UP_SECONDS} s of warm-up, in a process of its own; body of ${BODY.length} bytes`,
    'XQueue: `xqueue start`, each answer after the fsync. bare: a fastify route that parses, validates against the same schema and',
    'answers a task of the same shape. running: as XQueue, with a no-op handler for the tasks in the same process',
  ],
  async run({ runs, scratch }) {
    const dir = mkdtempSync(join(scratch, 'http-'));
    const notes: string[] = [];
    const handlers = new URL('../programs/no-op-handlers.mjs', import.meta.url).pathname;
    let files = 0;
    const file = (): string => join(dir, `${++files}.db`);
    const sides = [
      { name: 'XQueue', run: () => loadXQueue({ path: file() }) },
      { name: 'bare', run: () => loadBare(file()) },
      { name: 'running', run: () => loadXQueue({ path: file(), handlers }) },
    ];
    const loads = await alternate(runs, sides, (name, error) => notes.push(`${name}: ${String(error)}`));
    rmSync(dir, { recursive: true, force: true });
    const failed = [...loads.values()].flat().reduce((sum, load) => sum + load.failed, 0);
    if (failed > 0) notes.push(`${failed} calls were not answered with 2xx`);
    return { figures: figuresOf(loads), notes };
  },
};

function figuresOf(loads: ReadonlyMap<string, readonly Load[]>): Figure[] {
  const of = (name: string): readonly Load[] => loads.get(name) ?? [];
  const rate = (name: string): number[] => of(name).map(({ callsPerSecond }) => callsPerSecond);
  return [
    ...[...loads.keys()].flatMap((name): Figure[] => [
      { of: name, what: 'calls', unit: 'calls/s', values: rate(name) },
      { of: name, what: 'p50', unit: 'ms', values: of(name).map(({ p50Ms }) => p50Ms) },
      { of: name, what: 'p99', unit: 'ms', values: of(name).map(({ p99Ms }) => p99Ms) },
      { of: name, what: 'CPU per call', unit: 'us CPU', values: of(name).map((load) => load.cpuMicrosPerCall) },
    ]),
    ratio('XQueue : bare', 'calls', [rate('XQueue'), rate('bare')], { atLeast: 0.5 }),
    ratio('running : bare', 'calls', [rate('running'), rate('bare')]),
  ];
}

async function loadXQueue(options: Parameters<typeof startXQueue>[0]): Promise<Load> {
  const server = await startXQueue(options);
  try {
    return await load(server.url, server);
  } finally {
    await server.stop();
  }
}

async function loadBare(path: string): Promise<Load> {
  const answer = await answerOfXQueue(path);
  const child = new Child(nodeProgram(new URL('../programs/bare-route.bench.ts', import.meta.url), { answer }));
  try {
    const { port } = await child.ready<{ port: number }>();
    return await load(`http://127.0.0.1:${port}`, child);
  } finally {
    await child.kill();
  }
}

async function load(url: string, server: { usage(): Usage }): Promise<Load> {
  const input: LoadInput = {
    url: `${url}/api/v1/tasks`,
    body: BODY,
    connections: CONNECTIONS,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: SECONDS,
  };
  const client = new Child(nodeProgram(new URL('../programs/http-load.bench.ts', import.meta.url), input));
  try {
    await client.ready();
    const before = server.usage();
    const { result } = await client.measure<LoadResult>();
    const calls = result.callsPerSecond * SECONDS;
    return { ...result, cpuMicrosPerCall: (cpuBetween(before, server.usage()) / calls) * 1e6 };
  } finally {
    await client.end();
  }
}

let known: Promise<unknown> | null = null;

/** Asked once: the bare route answers what XQueue really answers. */
function answerOfXQueue(path: string): Promise<unknown> {
  known ??= (async () => {
    const server = await startXQueue({ path });
    try {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}/api/v1/tasks`, { method: 'POST', headers, body: BODY });
      return await answer.json();
    } finally {
      await server.stop();
    }
  })();
  return known;
}

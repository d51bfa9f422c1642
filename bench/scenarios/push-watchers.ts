// Live messages as their readers see them: how soon after a change, and how many readers one node serves.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Child, nodeProgram } from '../harness/child.ts';
import { alternate } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import { percentile } from '../harness/statistics.ts';
import type { DelaysInput } from '../programs/mqtt-delays.bench.ts';
import type { CrowdInput, CrowdResult } from '../programs/web-socket-crowd.bench.ts';
import { startMosquitto } from '../servers/mosquitto.ts';
import { startXQueue, type XQueueServer } from '../servers/xqueue.ts';

const TASKS = 300;
const PAUSE_MS = 15;
const WATCHERS = 1_000;
const KEY = 'crowd';

interface Crowd extends CrowdResult {
  readonly connectMs: number;
  /** From the moment the tasks may run to the last message. */
  readonly tookMs: number;
  readonly residentMb: number;
}

export const pushWatchers: Scenario = {
  name: 'push-watchers',
  title: 'Live messages at their readers, QoS 1',
  how: [
    `delay: ${TASKS} tasks one after the other, ${PAUSE_MS} ms apart, three changes each; from the time in the message to its arrival at a stock client (whole ms, rounded up)`,
    `watchers: ${WATCHERS} clients over WebSocket, each on the topic of one task; then all ${WATCHERS} tasks run at once`,
  ],
  async run({ runs, scratch }) {
    const notes: string[] = [];
    const onFailed = (name: string, error: unknown): void => void notes.push(`${name}: ${String(error)}`);
    const sides = ['embedded broker', 'Mosquitto'] as const;
    const delays = await alternate(
      runs,
      sides.map((name) => ({ name, run: () => delaysOf(name === 'Mosquitto' ? 'external' : 'embedded', scratch) })),
      onFailed,
    );
    const crowds = await alternate(runs, [{ name: 'crowd', run: () => crowdOf(scratch) }], onFailed);
    const crowd = crowds.get('crowd') ?? [];
    const of = `${WATCHERS} watchers`;
    const figures: Figure[] = [
      ...sides.flatMap((side): Figure[] => {
        const rounds = delays.get(side) ?? [];
        const at = (share: number): number[] => rounds.map((delaysMs) => percentile(delaysMs, share));
        return [
          { of: side, what: 'change to message, p50', unit: 'ms', values: at(0.5), target: { atMost: 5 } },
          { of: side, what: 'change to message, p99', unit: 'ms', values: at(0.99), target: { atMost: 25 } },
        ];
      }),
      {
        of,
        what: 'that heard the end',
        unit: 'x',
        values: crowd.map((run) => run.ended),
        target: { atLeast: WATCHERS },
      },
      { of, what: 'to connect and subscribe', unit: 'ms', values: crowd.map((run) => run.connectMs) },
      { of, what: 'release to last message', unit: 'ms', values: crowd.map((run) => run.tookMs) },
      { of, what: 'change to message, p99', unit: 'ms', values: crowd.map((run) => percentile(run.delaysMs, 0.99)) },
      { of, what: 'resident, node', unit: 'MB', values: crowd.map((run) => run.residentMb) },
    ];
    return { figures, notes };
  },
};

const program = (name: string): URL => new URL(`../programs/${name}`, import.meta.url);

async function started(scratch: string, flags: readonly string[], use: (server: XQueueServer) => Promise<void>) {
  const dir = mkdtempSync(join(scratch, 'push-watchers-'));
  const handlers = program('no-op-handlers.mjs').pathname;
  const server = await startXQueue({ path: join(dir, 'xqueue.db'), handlers, flags });
  try {
    await use(server);
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function delaysOf(broker: 'embedded' | 'external', scratch: string): Promise<readonly number[]> {
  const mosquitto = broker === 'external' ? await startMosquitto() : null;
  let delaysMs: readonly number[] = [];
  await started(scratch, mosquitto ? [`--mqtt-broker=${mosquitto.url}`] : [], async (server) => {
    const url = mosquitto?.url ?? `mqtt://127.0.0.1:${server.mqttPort}`;
    const input: DelaysInput = { url, topic: 'task/status/+', messages: TASKS * 3 };
    const child = new Child(nodeProgram(program('mqtt-delays.bench.ts'), input));
    await child.ready();
    for (let i = 0; i < 50; i++) await submit(server, { type: 'warm' });
    const measuring = child.measure<{ delaysMs: readonly number[] }>();
    for (let i = 0; i < TASKS; i++) {
      await submit(server, { type: 'bench' });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    ({ delaysMs } = (await measuring).result);
    await child.end();
  });
  await mosquitto?.stop();
  return delaysMs;
}

async function crowdOf(scratch: string): Promise<Crowd> {
  let outcome: Crowd | null = null;
  await started(scratch, [`--queue-max-concurrency=${WATCHERS}`], async (server) => {
    // A limit of 0 holds all tasks back until everybody has taken their seat.
    await setLimit(server, 0);
    const ids: string[] = [];
    for (let i = 0; i < WATCHERS; i++) ids.push(await submit(server, { type: 'bench', concurrency_key: KEY }));
    const input: CrowdInput = { url: `${server.url.replace('http', 'ws')}/mqtt`, ids };
    const child = new Child(nodeProgram(program('web-socket-crowd.bench.ts'), input));
    const { connectMs } = await child.ready<{ connectMs: number }>();
    const { residentMb } = server.usage();
    const measuring = child.measure<CrowdResult>();
    const from = performance.timeOrigin + performance.now();
    await setLimit(server, WATCHERS);
    const { result } = await measuring;
    outcome = { ...result, connectMs, residentMb, tookMs: result.lastAt - from };
    await child.end();
  });
  if (outcome === null) throw new Error('nothing was measured');
  return outcome;
}

async function submit({ url }: XQueueServer, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v1/tasks`, { method: 'POST', headers, body: JSON.stringify(body) });
  return ((await response.json()) as { id: string }).id;
}

async function setLimit({ url }: XQueueServer, max_concurrency: number): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ max_concurrency });
  const response = await fetch(`${url}/api/v1/concurrency/${KEY}`, { method: 'PUT', headers, body });
  if (!response.ok) throw new Error(`the limit was not set: ${response.status} ${await response.text()}`);
}

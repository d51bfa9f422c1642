// What an open web console costs the tasks.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../harness/browser.ts';
import { alternate } from '../harness/rounds.ts';
import { type Figure, ratio, type Scenario } from '../harness/scenario.ts';
import { cpuBetween } from '../harness/usage.ts';
import { startXQueue, type XQueueServer } from '../servers/xqueue.ts';
import { runTasks } from './run-tasks.ts';

const WARM = 10_000;
const TASKS = 100_000;
const NOBODY = 'nobody looks';
/** What an overview reads, and how often while tasks change. */
const OVERVIEW = ['stats', 'stats/series', 'nodes', 'concurrency', 'health', 'handlers'];
const AGAIN_MS = 1000;

interface Run {
  readonly tasksPerSecond: number;
  /** Processor time of the server for one task. */
  readonly cpuMicros: number;
}

/** Begins to look; the function ends it. */
type Look = (server: XQueueServer) => Promise<() => Promise<void>>;

export const console: Scenario = {
  name: 'console',
  title: 'What an open web console costs the tasks',
  how: [
    `\`xqueue start\`, ${TASKS} tasks in HTTP batches, no-op handler, after ${WARM} to warm up; rates are those of one machine: a browser takes its own part of the processor,`,
    'so look at the processor time of the server, which has nothing of the browser in it',
    'calls alone: a program that follows and reads what an open overview does, without a browser',
    'everything over MQTT: one WebSocket client that subscribes to every status change, for comparison',
  ],
  async run({ runs, scratch }) {
    const notes: string[] = [];
    const browser = await startBrowser();
    const looks: Readonly<Record<string, Look>> = {
      [NOBODY]: async () => async () => undefined,
      'calls alone': (server) => callsOfAnOverview(server),
      overview: (server) => openPage(browser, server, '/'),
      'list of tasks': (server) => openPage(browser, server, '/tasks'),
      'everything over MQTT': (server) => subscribe(server),
    };
    try {
      const sides = Object.entries(looks).map(([name, look]) => ({ name, run: () => runWith(look, scratch) }));
      const results = await alternate(runs, sides, (name, error) => void notes.push(`${name}: ${String(error)}`));
      return { figures: [...results].flatMap(([name, own]) => figuresOf(name, own, results.get(NOBODY) ?? [])), notes };
    } finally {
      await browser.close();
    }
  },
};

function figuresOf(name: string, own: readonly Run[], alone: readonly Run[]): Figure[] {
  const rates = (runs: readonly Run[]): number[] => runs.map(({ tasksPerSecond }) => tasksPerSecond);
  const cpus = (runs: readonly Run[]): number[] => runs.map(({ cpuMicros }) => cpuMicros);
  const figures: Figure[] = [
    { of: name, what: 'tasks', unit: 'tasks/s', values: rates(own) },
    { of: name, what: 'one task', unit: 'us CPU', values: cpus(own) },
  ];
  if (name === NOBODY) return figures;
  const target = name.startsWith('everything') ? {} : { target: { atMost: 1.1 } };
  return [
    ...figures,
    { ...ratio(`${name} : ${NOBODY}`, 'CPU of a task', [cpus(own), cpus(alone)]), ...target },
    ratio(`${name} : ${NOBODY}`, 'tasks', [rates(own), rates(alone)]),
  ];
}

async function runWith(look: Look, scratch: string): Promise<Run> {
  const dir = mkdtempSync(join(scratch, 'console-'));
  const handlers = new URL('../programs/no-op-handlers.mjs', import.meta.url).pathname;
  const server = await startXQueue({ path: join(dir, 'xqueue.db'), handlers });
  try {
    await runTasks(server.url, 'warm', WARM);
    const stop = await look(server);
    const before = server.usage();
    const from = performance.now();
    await runTasks(server.url, 'bench', TASKS);
    const tasksPerSecond = (TASKS / (performance.now() - from)) * 1000;
    const cpuMicros = (cpuBetween(before, server.usage()) / TASKS) * 1e6;
    await stop();
    return { tasksPerSecond, cpuMicros };
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function openPage(browser: Browser, { url }: XQueueServer, path: string): Promise<() => Promise<void>> {
  const page = await browser.newPage();
  await page.goto(url + path);
  await page.locator('.feed.live').waitFor();
  return () => page.close();
}

async function callsOfAnOverview({ url }: XQueueServer): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const { signal } = stop;
  const follow = async (): Promise<void> => {
    const { body } = await fetch(`${url}/api/v1/events?max_per_second=200`, { signal });
    for await (const chunk of body ?? []) void chunk;
  };
  const read = async (): Promise<void> => {
    while (!signal.aborted) {
      await Promise.all(OVERVIEW.map(async (name) => (await fetch(`${url}/api/v1/${name}`, { signal })).text()));
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  const ended = Promise.allSettled([follow(), read()]);
  return async () => {
    stop.abort();
    await ended;
  };
}

async function subscribe({ url }: XQueueServer): Promise<() => Promise<void>> {
  const client = await connectAsync(`${url.replace(/^http/, 'ws')}/mqtt`, { protocolVersion: 4 });
  await client.subscribeAsync('task/status/status/+', { qos: 0 });
  return () => client.endAsync(true);
}

// The web console as its user feels it: with a million stored tasks, and for minutes while tasks change all the time.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { startBrowser } from '../harness/browser.ts';
import { measureOnce, nodeProgram } from '../harness/child.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { FillInput } from '../programs/fill-store.bench.ts';
import { startXQueue, type XQueueServer } from '../servers/xqueue.ts';

const TASKS = 1_000_000;
const MINUTES = Number(process.env['CONSOLE_MINUTES'] ?? 10);
/** Each is submitted, started and ended: three changes. */
const TASKS_PER_TICK = 34;
const TICK_MS = 100;
const WARM_MS = 20_000;
const LONG_MS = 100;
const PAGES = ['/', '/tasks', '/concurrency', '/nodes', '/handlers', '/submit', '/live', '/settings'];
const QUERIES = [
  'status:pending',
  'type:mail status:pending',
  'tag:rare',
  'key:user_3',
  'since:1h',
  'until:30s',
  'type:thumbnail until:20s',
  'tag:eu since:40s until:20s',
];

export const consolePage: Scenario = {
  name: 'console-page',
  title: 'The web console in Chromium',
  how: [
    `a page: opened anew with ${TASKS} stored tasks, until everything it reads is there, beginning with the navigation; the slowest answer of the server is its own line`,
    `changes: the page stays open for ${MINUTES} min (CONSOLE_MINUTES) while ${(TASKS_PER_TICK * 3 * 1000) / TICK_MS} changes a second happen; its heap after a garbage collection`,
    `each minute, and how often its thread was busy for more than ${LONG_MS} ms at a stretch, after ${WARM_MS / 1000} s`,
  ],
  async run({ scratch, say }) {
    const browser = await startBrowser();
    const dir = mkdtempSync(join(scratch, 'console-page-'));
    try {
      const pages = await withAMillion(browser, dir, say);
      const changing = await whileTasksChange(browser, dir, say);
      return { figures: [...pages, ...changing], notes: [] };
    } finally {
      await browser.close();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function withAMillion(browser: Browser, dir: string, say: (line: string) => void): Promise<Figure[]> {
  const path = join(dir, 'million.db');
  const input: FillInput = { path, tasks: TASKS };
  await measureOnce(nodeProgram(new URL('../programs/fill-store.bench.ts', import.meta.url), input));
  say(`filled ${TASKS} tasks`);
  const server = await startXQueue({ path });
  try {
    const { tasks } = (await (await fetch(`${server.url}/api/v1/tasks?limit=1&offset=500000`)).json()) as {
      tasks: { id: string }[];
    };
    const paths = [
      ...PAGES,
      ...QUERIES.map((query) => `/tasks?q=${encodeURIComponent(query)}`),
      `/tasks?page=5000&as_of=${new Date().toISOString()}`,
      `/tasks/${tasks[0]?.id}`,
    ];
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.locator('.feed.live').waitFor();
    const figures: Figure[] = [];
    for (const one of paths) {
      const rounds = [];
      for (let round = 0; round < 3; round++) rounds.push(await openMs(page, server.url + one));
      const of = decodeURIComponent(one).slice(0, 44);
      const target = { atMost: 300 };
      figures.push({ of, what: 'page is there', unit: 'ms', values: rounds.map(({ shownMs }) => shownMs), target });
      figures.push({ of, what: 'slowest answer', unit: 'ms', values: rounds.map(({ answerMs }) => answerMs), target });
    }
    await page.close();
    return figures;
  } finally {
    await server.stop();
  }
}

async function openMs(page: Page, url: string): Promise<{ readonly shownMs: number; readonly answerMs: number }> {
  await page.goto(url, { waitUntil: 'commit' });
  return page.evaluate(PAGE_IS_THERE);
}

/** Runs in the page. */
const PAGE_IS_THERE = `(async () => {
  const isThere = () => document.querySelector('h1') !== null && document.querySelector('.loading, .stale') === null;
  while (!isThere()) await new Promise(requestAnimationFrame);
  const shownMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const calls = performance
    .getEntriesByType('resource')
    .filter(({ name }) => name.includes('/api/v1/') && !name.includes('/events'));
  return { shownMs, answerMs: Math.max(0, ...calls.map(({ duration }) => duration)) };
})()`;

const WATCH_LONG_TASKS = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ entryTypes: ['longtask'] });
`;

async function whileTasksChange(browser: Browser, dir: string, say: (line: string) => void): Promise<Figure[]> {
  const handlers = new URL('../programs/no-op-handlers.mjs', import.meta.url).pathname;
  const server = await startXQueue({ path: join(dir, 'changing.db'), handlers });
  const load = startLoad(server);
  const figures: Figure[] = [];
  try {
    const open = await Promise.all(['/', '/tasks', '/live'].map((path) => openWatched(browser, server.url, path)));
    await new Promise((resolve) => setTimeout(resolve, WARM_MS));
    for (const { page } of open) await page.evaluate('globalThis.longTasks.length = 0');
    const heaps = open.map((): number[] => []);
    for (let minute = 0; minute <= MINUTES; minute++) {
      for (const [i, { cdp }] of open.entries()) heaps[i]?.push(await heapMb(cdp));
      say(`minute ${minute}: ${heaps.map((heap) => heap.at(-1)?.toFixed(1)).join(', ')} MB`);
      if (minute < MINUTES) await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    for (const [i, { path, page }] of open.entries()) {
      const long = (await page.evaluate('globalThis.longTasks')) as number[];
      const heap = heaps[i] ?? [];
      const growth = (heap.at(-1) ?? Number.NaN) - (heap[1] ?? heap[0] ?? Number.NaN);
      figures.push(
        { of: path, what: 'heap, by the minute', unit: 'MB', values: heap },
        { of: path, what: 'heap, last minus second', unit: 'MB', values: [growth], target: { atMost: 2 } },
        {
          of: path,
          what: 'busy at a stretch, longest',
          unit: 'ms',
          values: [Math.max(0, ...long)],
          target: { atMost: LONG_MS },
        },
      );
    }
    figures.push({ of: 'load', what: 'changes', unit: 'messages/s', values: [load.changesPerSecond()] });
  } finally {
    await load.stop();
    await server.stop();
  }
  return figures;
}

interface WatchedPage {
  readonly path: string;
  readonly page: Page;
  readonly cdp: CDPSession;
}

/** In a window of its own: pages of one window share a heap, and only one of them is seen. */
async function openWatched(browser: Browser, url: string, path: string): Promise<WatchedPage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(WATCH_LONG_TASKS);
  await page.goto(url + path);
  await page.locator('.feed.live').waitFor();
  return { path, page, cdp: await context.newCDPSession(page) };
}

async function heapMb(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return usedSize / 1024 / 1024;
}

function startLoad({ url }: XQueueServer) {
  const tasks = Array.from({ length: TASKS_PER_TICK }, (_, number) => ({ type: 'bench', payload: { number } }));
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tasks }) };
  const from = performance.now();
  let sent = 0;
  const over = new AbortController();
  const go = async (): Promise<void> => {
    for (let tick = 0; !over.signal.aborted; tick++) {
      await (await fetch(`${url}/api/v1/tasks/batch`, request)).text();
      sent += TASKS_PER_TICK;
      const wait = from + (tick + 1) * TICK_MS - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };
  const going = go();
  return {
    changesPerSecond: () => (sent * 3 * 1000) / (performance.now() - from),
    stop: async () => {
      over.abort();
      await going;
    },
  };
}

// What the Redis store itself can do, without the engine around it: rates, memory of a waiting task, slowest script,
// and what a claim costs with few and with very many tasks waiting.
//   node bench/redis-store.ts [rates|memory|claim-cost|blocked|full-limit|bullmq|purge] [tasks]
// `bullmq` alternates with BullMQ on the same server (append-only file, fsync every second) and prints medians and ratios.
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { systemClock } from '../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../src/adapters/redis/open.ts';
import type { RedisStore } from '../src/adapters/redis/store.ts';
import { DEFAULT_RETRY } from '../src/domain/retry.ts';
import { createUuid7 } from '../src/engine/uuid7.ts';
import type { Claimed, Submission } from '../src/ports/task-store.ts';
import { RedisServer } from '../test/redis-server.ts';

const SETTINGS = {
  leaseMs: 90_000,
  cancelGraceMs: 30_000,
  semaphoreExpirationMs: 300_000,
  retentionMs: 7 * 86_400_000,
  idempotencyMs: 86_400_000,
  stallMs: 60_000,
};
const PAYLOAD = JSON.stringify({ text: 'x'.repeat(100 - '{"text":""}'.length) });
const BATCH = 100;
/** Calls under way at once: while one is run, the next is on its way. */
const DEPTH = 4;

const nextId = createUuid7(systemClock, 'bench');

function submissions(count: number, key: string | null = null, max = 1): Submission[] {
  const asked = key === null ? { limits: [] } : { limits: [{ key, max }] };
  return Array.from({ length: count }, () => ({
    spec: {
      id: nextId(),
      type: 'noop',
      payload: PAYLOAD,
      priority: 0,
      maxRetry: 3,
      retryStrategy: DEFAULT_RETRY,
      queueTimeoutMs: 600_000,
      processTimeoutMs: 600_000,
      parentId: null,
      concurrencyKey: key,
      maxConcurrency: key === null ? null : max,
      tags: [],
      ...asked,
    },
    due: { afterMs: 0 },
  }));
}

async function inParallel(calls: number, call: () => Promise<unknown>): Promise<number> {
  let left = calls;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: DEPTH }, async () => {
      while (left-- > 0) await call();
    }),
  );
  return performance.now() - startedAt;
}

let claims = 0;
function claim(store: RedisStore, count: number): Promise<Claimed[]> {
  claims += 1;
  return store.claim({ requestId: `bench/${process.pid}/${claims}`, nodeId: 'bench', types: ['noop'], count });
}

async function claimAndSettle(store: RedisStore): Promise<void> {
  const claimed = await claim(store, BATCH);
  await store.settle(
    claimed.map(({ lease: { id, token } }) => ({
      id,
      token,
      outcome: { kind: 'succeed', result: null },
      handler: 'ended',
      by: 'holder',
    })),
  );
}

async function fill(store: RedisStore, tasks: number, key: string | null = null): Promise<number> {
  return inParallel(tasks / BATCH, () => store.submit(submissions(BATCH, key)));
}

async function readToEnd(store: RedisStore): Promise<void> {
  for (let after: string | null = null; ; ) {
    const last = (await store.readOutbox(after, 1000)).at(-1);
    if (!last) return;
    await store.trimOutbox(last.position);
    after = last.position;
  }
}

const perSecond = (count: number, ms: number): string => Math.round((count / ms) * 1000).toLocaleString('en');

async function rates(store: RedisStore, server: RedisServer, tasks: number): Promise<void> {
  await fill(store, 10_000);
  await inParallel(100, () => claimAndSettle(store));
  await server.command('CONFIG', 'RESETSTAT');
  await measured('submit', server, tasks, () => fill(store, tasks));
  await measured('claim + settle', server, tasks, () => inParallel(tasks / BATCH, () => claimAndSettle(store)));
}

/** Processor time tells more than the clock on a machine that others use as well. */
async function measured(name: string, server: RedisServer, tasks: number, work: () => Promise<number>): Promise<void> {
  await server.command('CONFIG', 'RESETSTAT');
  const ours = process.cpuUsage();
  const theirs = await serverCpuMs(server);
  const ms = await work();
  const serverUs = (((await serverCpuMs(server)) - theirs) * 1000) / tasks;
  const { user, system } = process.cpuUsage(ours);
  const cpu = `processor time per task: Redis ${serverUs.toFixed(2)} us, Node ${((user + system) / tasks).toFixed(2)} us`;
  console.log(`${name}: ${perSecond(tasks, ms)} tasks/s (${cpu})`);
  if (process.env.COMMANDS === 'yes') await commandStats(server);
}

async function serverCpuMs(server: RedisServer): Promise<number> {
  const info = String(await server.command('INFO', 'cpu'));
  const of = (what: string) => Number(new RegExp(`used_cpu_${what}_main_thread:([\\d.]+)`).exec(info)?.[1]);
  return (of('user') + of('sys')) * 1000;
}

async function commandStats(server: RedisServer): Promise<void> {
  const info = String(await server.command('INFO', 'commandstats'));
  const lines = info.split('\r\n').flatMap((line) => {
    const [, name, calls, usec, each] =
      /^cmdstat_([^:]+):calls=(\d+),usec=(\d+),usec_per_call=([\d.]+)/.exec(line) ?? [];
    return name ? [{ name, calls: Number(calls), usec: Number(usec), each }] : [];
  });
  for (const { name, calls, usec, each } of lines.sort((a, b) => b.usec - a.usec).slice(0, 22)) {
    console.log(
      `  ${name.padEnd(18)} ${String(calls).padStart(9)} calls ${String(usec).padStart(9)} us ${each} us each`,
    );
  }
}

async function usedBytes(server: RedisServer): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(String(await server.command('INFO', 'memory')))?.[1]);
}

async function memory(store: RedisStore, server: RedisServer, tasks: number): Promise<void> {
  await claim(store, 1);
  const before = await usedBytes(server);
  await fill(store, tasks);
  await readToEnd(store);
  await sleep(1500);
  console.log(`${tasks} waiting: ${((await usedBytes(server)) - before) / tasks} bytes each`);
}

/** Microseconds of the server per claim of 10 and its settlement. */
async function costOf(store: RedisStore, server: RedisServer, rounds: number): Promise<number> {
  await server.command('CONFIG', 'RESETSTAT');
  for (let round = 0; round < rounds; round++) {
    const claimed = await claim(store, 10);
    await store.settle(
      claimed.map(({ lease: { id, token } }) => ({
        id,
        token,
        outcome: { kind: 'release' },
        handler: 'ended',
        by: 'holder',
      })),
    );
  }
  const info = String(await server.command('INFO', 'commandstats'));
  const found = [...info.matchAll(/cmdstat_(?:evalsha|fcall):calls=(\d+),usec=(\d+)/g)];
  const [calls, micros] = [1, 2].map((at) => found.reduce((sum, stat) => sum + Number(stat[at]), 0));
  return (micros ?? Number.NaN) / (calls ?? 0);
}

async function claimCost(store: RedisStore, server: RedisServer, tasks: number): Promise<void> {
  await fill(store, 100);
  console.log(`100 waiting: ${await costOf(store, server, 500)} us per call`);
  await fill(store, tasks);
  console.log(`${tasks} waiting: ${await costOf(store, server, 500)} us per call`);
}

async function blocked(store: RedisStore, server: RedisServer, tasks: number): Promise<void> {
  await fill(store, 100);
  console.log(`nothing blocked: ${await costOf(store, server, 500)} us per call`);
  await store.setLimit('full', 0);
  await fill(store, tasks, 'full');
  console.log(`${tasks} behind a full key: ${await costOf(store, server, 500)} us per call`);
}

interface Figure {
  readonly perSecond: number;
  /** Processor time of the server per task: says more than the rate where others use the machine as well. */
  readonly serverUs: number;
}

type Rates = Readonly<Record<'submit' | 'single' | 'process', Figure>>;

async function figure(server: RedisServer, tasks: number, work: () => Promise<number>): Promise<Figure> {
  const before = await serverCpuMs(server);
  const ms = await work();
  return { perSecond: (tasks / ms) * 1000, serverUs: (((await serverCpuMs(server)) - before) * 1000) / tasks };
}

const SINGLES = 20_000;
const SINGLES_AT_ONCE = 100;

/** Single submits that are under way at once travel together, as the engine's batcher sends them: two batches at a time. */
async function singleSubmits(store: RedisStore, count: number): Promise<number> {
  const waiting: { readonly one: Submission; readonly done: () => void }[] = [];
  let underWay = 0;
  const pump = (): void => {
    while (underWay < 2 && waiting.length > 0) {
      const some = waiting.splice(0, BATCH);
      underWay += 1;
      void store.submit(some.map(({ one }) => one)).then(() => {
        underWay -= 1;
        for (const { done } of some) done();
        pump();
      });
    }
  };
  let left = count;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: SINGLES_AT_ONCE }, async () => {
      while (left-- > 0) {
        const [one] = submissions(1);
        if (!one) return;
        await new Promise<void>((done) => {
          waiting.push({ one, done });
          queueMicrotask(pump);
        });
      }
    }),
  );
  return performance.now() - startedAt;
}

async function ourRates(store: RedisStore, server: RedisServer, tasks: number): Promise<Rates> {
  const submit = await figure(server, tasks, () => fill(store, tasks));
  const process = await figure(server, tasks, () => inParallel(tasks / BATCH, () => claimAndSettle(store)));
  const single = await figure(server, SINGLES, () => singleSubmits(store, SINGLES));
  await inParallel(SINGLES / BATCH, () => claimAndSettle(store));
  return { submit, single, process };
}

/** As its documentation recommends: addBulk, and one worker with a concurrency; completed jobs are kept, as ours are. */
async function bullRates(server: RedisServer, tasks: number, round: number): Promise<Rates> {
  const connection = { ...server.addr, maxRetriesPerRequest: null };
  const queue = new Queue(`bench${round}`, { connection });
  await queue.waitUntilReady();
  const data: unknown = JSON.parse(PAYLOAD);
  const batch = Array.from({ length: BATCH }, () => ({ name: 'noop', data }));
  const submit = await figure(server, tasks, () => inParallel(tasks / BATCH, () => queue.addBulk(batch)));
  const process = await figure(server, tasks, () => bullProcesses(queue.name, connection, tasks));
  const single = await figure(server, SINGLES, () => bullSingles(queue, data));
  await queue.obliterate({ force: true });
  await queue.close();
  return { submit, single, process };
}

async function bullSingles(queue: Queue, data: unknown): Promise<number> {
  let left = SINGLES;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: SINGLES_AT_ONCE }, async () => {
      while (left-- > 0) await queue.add('noop', data);
    }),
  );
  return performance.now() - startedAt;
}

async function bullProcesses(
  name: string,
  connection: { readonly host: string; readonly port: number; readonly maxRetriesPerRequest: null },
  tasks: number,
): Promise<number> {
  const worker = new Worker(name, async () => null, { connection, concurrency: BATCH, autorun: false });
  await worker.waitUntilReady();
  let done = 0;
  const startedAt = performance.now();
  const all = new Promise<void>((resolve) => {
    worker.on('completed', () => {
      done += 1;
      if (done === tasks) resolve();
    });
  });
  void worker.run();
  await all;
  const ms = performance.now() - startedAt;
  await worker.close();
  return ms;
}

async function againstBullMq(store: RedisStore, server: RedisServer, tasks: number): Promise<void> {
  const ours: Rates[] = [];
  const theirs: Rates[] = [];
  await fill(store, 10_000);
  await inParallel(100, () => claimAndSettle(store));
  for (let round = 0; round < 3; round++) {
    ours.push(await ourRates(store, server, tasks));
    theirs.push(await bullRates(server, tasks / 4, round));
  }
  for (const what of ['submit', 'single', 'process'] as const) {
    for (const unit of ['perSecond', 'serverUs'] as const) {
      const [mine = Number.NaN, bull = Number.NaN] = [ours, theirs].map((rounds) =>
        median(rounds.map((rates) => rates[what][unit])),
      );
      const ratio = unit === 'perSecond' ? mine / bull : bull / mine;
      console.log(`${what} ${unit}: ${mine.toFixed(1)}, BullMQ ${bull.toFixed(1)}, ratio ${ratio.toFixed(2)}`);
    }
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** A limit that nobody reaches must cost nothing: the same tasks without one, and with one as large as what runs at once. */
async function fullLimit(store: RedisStore, _server: RedisServer, tasks: number): Promise<void> {
  const free: number[] = [];
  const limited: number[] = [];
  for (let round = 0; round < 5; round++) {
    await fill(store, tasks);
    free.push(tasks / (await inParallel(tasks / BATCH, () => claimAndSettle(store))));
    await inParallel(tasks / BATCH, () => store.submit(submissions(BATCH, 'capacity', BATCH * DEPTH)));
    limited.push(tasks / (await inParallel(tasks / BATCH, () => claimAndSettle(store))));
  }
  const [without, withLimit] = [median(free) * 1000, median(limited) * 1000];
  const ratio = (withLimit / without).toFixed(2);
  console.log(
    `claim + settle: ${Math.round(without)}/s without a limit, ${Math.round(withLimit)}/s with one: ${ratio}`,
  );
}

/** Forgets all of them while somebody else asks for something small all the time. */
async function purgeAll(store: RedisStore, server: RedisServer, tasks: number): Promise<void> {
  await fill(store, tasks);
  await inParallel(tasks / BATCH, () => claimAndSettle(store));
  await readToEnd(store);
  const old = await openRedisStore({
    addr: server.addr,
    settings: { ...SETTINGS, retentionMs: 0 },
    clock: systemClock,
  });
  await server.command('SLOWLOG', 'RESET');
  await server.command('CONFIG', 'SET', 'latency-monitor-threshold', '10');
  let longestMs = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const startedAt = performance.now();
      await store.ping();
      longestMs = Math.max(longestMs, performance.now() - startedAt);
      await sleep(1);
    }
  })();
  const startedAt = performance.now();
  let purged = 0;
  for (;;) {
    const page = await old.purge(500);
    purged += page.purged;
    if (page.nextMs !== 0) break;
  }
  const ms = performance.now() - startedAt;
  isOver = true;
  await asking;
  await old.close();
  console.log(`${purged} purged, ${perSecond(purged, ms)}/s; a ping meanwhile took ${longestMs.toFixed(1)} ms at most`);
  console.log(`events of more than 10 ms: ${JSON.stringify(await server.command('LATENCY', 'LATEST'))}`);
  console.log(`keys left: ${String(await server.command('DBSIZE'))}`);
}

const MODES = {
  rates,
  memory,
  'claim-cost': claimCost,
  blocked,
  'full-limit': fullLimit,
  purge: purgeAll,
  bullmq: againstBullMq,
};
const mode = (process.argv[2] ?? 'rates') as keyof typeof MODES;
const tasks = Number(process.argv[3] ?? 200_000);
const server = await RedisServer.start({ appendonly: mode === 'memory' ? 'no' : 'yes' });
try {
  const store = await openRedisStore({ addr: server.addr, settings: SETTINGS, clock: systemClock });
  await store.reportNode({
    id: 'bench',
    host: 'bench',
    pid: process.pid,
    version: '0',
    startedAt: Date.now(),
    types: ['noop'],
    slots: 100,
    running: 0,
    draining: false,
  });
  await server.command('CONFIG', 'SET', 'slowlog-log-slower-than', '1000');
  await MODES[mode](store, server, tasks);
  const slow = (await server.command('SLOWLOG', 'GET', '100')) as [number, number, number, string[]][];
  const slowest = slow.sort((a, b) => b[2] - a[2])[0];
  console.log(slowest ? `slowest call: ${slowest[2] / 1000} ms (${slowest[3][0]})` : 'no call took longer than 1 ms');
  await store.close();
} finally {
  await server.stop();
}

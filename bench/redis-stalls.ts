// How long XQueue keeps Redis from serving anybody else: the longest call of each script at its page size, and what a
// client that asks for something small sees while a million tasks are swept.
//   node bench/redis-stalls.ts scripts [rounds]
//   node bench/redis-stalls.ts sweep [tasks]
// `ALL=yes` prints what each script took with each kind of work, not only the longest.
// What others take from Redis' processor makes calls longer, a single command of a microsecond as well: run it alone. That does
// not come twice at the same place, but what a page costs does. So all is done in several rounds, each on a fresh server; beside the
// longest of all calls stands the longest of each round's, in the round where it was shortest.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../src/adapters/clock/system-clock.ts';
import { functionLibrary } from '../src/adapters/redis/function-library.ts';
import { shardKeys } from '../src/adapters/redis/keys.ts';
import { openRedisStore } from '../src/adapters/redis/open.ts';
import { scriptWords } from '../src/adapters/redis/script-words.ts';
import { loadScripts } from '../src/adapters/redis/scripts.ts';
import type { RedisStore } from '../src/adapters/redis/store.ts';
import { DEFAULT_RETRY } from '../src/domain/retry.ts';
import { settleLostLeases } from '../src/engine/sweepers/lost-leases.ts';
import { createUuid7 } from '../src/engine/uuid7.ts';
import type { Logger } from '../src/ports/logger.ts';
import type { Claimed, Settlement, Submission } from '../src/ports/task-store.ts';
import { RedisServer } from '../test/redis-server.ts';

const HOUR_MS = 3_600_000;
const SETTINGS = {
  leaseMs: 90_000,
  cancelGraceMs: 30_000,
  semaphoreExpirationMs: 300_000,
  retentionMs: 7 * 24 * HOUR_MS,
  idempotencyMs: 24 * HOUR_MS,
  // Time jumps here, which is not a stall.
  stallMs: 0,
};
const PAYLOAD = JSON.stringify({ text: 'x'.repeat(100 - '{"text":""}'.length) });
/** Largest number of tasks one call of the port may name. */
const BATCH = 1000;
/** What the sweepers of a node ask for at once. */
const PAGE = 500;
/** Calls that take less are not looked at. Each command inside a script would be one, and be noted at a cost. */
const SLOW_US = '200';

const sources = loadScripts(scriptWords(shardKeys('xqueue', 0)), 'with');
const loaded = [...sources.values()];
/** By what the server is asked for: digests of scripts, names of functions. */
const names = new Map([
  ...loaded.map(({ sha, name }) => [sha, name] as const),
  ...[...functionLibrary(sources).names].map(([name, called]) => [called, name] as const),
]);
const scriptNames = new Set(names.values());
const nextId = createUuid7(systemClock, 'bench');
let time = Date.now();

interface Kind {
  readonly type?: string;
  readonly tags?: number;
  /** Key of the task with this number. */
  readonly key?: (index: number) => string;
  readonly delayMs?: number;
  readonly payload?: string;
}

function submissions(
  count: number,
  { type = 'noop', tags = 0, key, delayMs = 0, payload = PAYLOAD }: Kind = {},
): Submission[] {
  return Array.from({ length: count }, (_, index) => {
    const concurrencyKey = key?.(index) ?? null;
    return {
      spec: {
        id: nextId(),
        type,
        payload,
        priority: 0,
        maxRetry: 3,
        retryStrategy: DEFAULT_RETRY,
        queueTimeoutMs: HOUR_MS,
        processTimeoutMs: HOUR_MS,
        parentId: null,
        concurrencyKey,
        maxConcurrency: concurrencyKey === null ? null : 1,
        limits: concurrencyKey === null ? [] : [{ key: concurrencyKey, max: 1 }],
        tags: Array.from({ length: tags }, (_, tag) => `tag ${tag}`),
      },
      due: { afterMs: delayMs },
    };
  });
}

let claims = 0;
function claim(store: RedisStore, count: number, types = ['noop']): Promise<Claimed[]> {
  claims += 1;
  return store.claim({ requestId: `stalls/${process.pid}/${claims}`, nodeId: 'bench', types, count });
}

const settlementOf =
  (outcome: Settlement['outcome']) =>
  ({ lease: { id, token } }: Claimed): Settlement => ({ id, token, outcome, handler: 'ended', by: 'holder' });
const SUCCESS = settlementOf({ kind: 'succeed', result: null });
const RESULT = settlementOf({ kind: 'succeed', result: PAYLOAD });
const RETRY = settlementOf({
  kind: 'retry',
  delayMs: 60_000,
  attempt: 'failed',
  errorCode: 'handler_error',
  error: 'no',
});

/** All calls in ms by script, since the last reset. */
async function slowest(server: RedisServer): Promise<Map<string, number[]>> {
  const entries = (await server.command('SLOWLOG', 'GET', '-1')) as [number, number, number, string[]][];
  const of = new Map<string, number[]>();
  for (const [, , micros, [command = '', called = '']] of entries) {
    const name = names.get(called) ?? command.toLowerCase();
    of.set(name, [...(of.get(name) ?? []), micros / 1000]);
  }
  return of;
}

/** What one script took with one kind of work. */
interface Row {
  readonly script: string;
  readonly what: string;
  /** Of each round. */
  readonly medians: number[];
  readonly longest: number[];
}
const rows = new Map<string, Row>();

const medianOf = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

async function measure(
  server: RedisServer,
  what: string,
  rounds: number,
  work: (round: number) => Promise<unknown>,
): Promise<void> {
  await server.command('SLOWLOG', 'RESET');
  for (let round = 0; round < rounds; round++) await work(round);
  for (const [script, all] of await slowest(server)) {
    if (!scriptNames.has(script)) continue;
    const row = rows.get(`${script} ${what}`) ?? { script, what, medians: [], longest: [] };
    rows.set(`${script} ${what}`, row);
    row.medians.push(medianOf(all));
    row.longest.push(Math.max(...all));
  }
}

/** Tasks are claimed and ended in one way, a page of the port at a time. */
async function endAll(
  store: RedisStore,
  settlement: (claimed: Claimed) => Settlement,
  types?: string[],
): Promise<Claimed[]> {
  const all: Claimed[] = [];
  for (;;) {
    const some = await claim(store, BATCH, types);
    if (some.length === 0) return all;
    await store.settle(some.map(settlement));
    all.push(...some);
  }
}

async function scripts(store: RedisStore, server: RedisServer): Promise<void> {
  const say = (what: string, rounds: number, work: (round: number) => Promise<unknown>) =>
    measure(server, what, rounds, work);
  const plain = (kind?: Kind) => say(`${BATCH} tasks`, 20, () => store.submit(submissions(BATCH, kind)));
  await plain();
  await say(`${BATCH} tasks, claimed, ended`, 20, async () => store.settle((await claim(store, BATCH)).map(SUCCESS)));
  await plain();
  await say(`${BATCH} tasks with a result`, 20, async () => store.settle((await claim(store, BATCH)).map(RESULT)));
  await plain();
  await say(`${BATCH} failures, to be tried again`, 20, async () =>
    store.settle((await claim(store, BATCH)).map(RETRY)),
  );
  time += 120_000;
  await say('20,000 become due', 1, () => sweepTimers(store));
  await endAll(store, SUCCESS);

  await say(`${BATCH} tasks, 16 tags each`, 10, () => store.submit(submissions(BATCH, { tags: 16 })));
  await say(`${BATCH} tasks, 16 tags each, claimed, ended`, 10, async () =>
    store.settle((await claim(store, BATCH)).map(SUCCESS)),
  );
  await say(`${BATCH} tasks, each with a key of its own`, 10, (round) =>
    store.submit(submissions(BATCH, { key: (index) => `${round} ${index}` })),
  );
  await say(`${BATCH} tasks, each with a key of its own, claimed, ended`, 10, async () =>
    store.settle((await claim(store, BATCH)).map(SUCCESS)),
  );
  await store.setLimit('type:full', 0);
  for (let round = 0; round < 10; round++) {
    await store.submit(submissions(BATCH, { type: 'full', key: (index) => `full ${round} ${index}` }));
  }
  await say('10,000 lanes of a type that is full', 10, () => claim(store, 100, ['full']));
  await say('the limit of that type raised', 1, () => store.setLimit('type:full', 50));
  await say('10,000 lanes, claimed 50 at a time', 20, async () =>
    store.settle((await claim(store, 50, ['full'])).map(SUCCESS)),
  );
  await store.setLimit('type:full', null);
  await endAll(store, SUCCESS, ['full']);

  const held: Claimed[] = [];
  await store.submit(submissions(BATCH));
  held.push(...(await claim(store, BATCH)));
  const leases = held.map(({ lease }) => lease);
  await say(`${BATCH} leases`, 10, () => store.heartbeat({ nodeId: 'bench', leases }));
  await say(`${BATCH} reports`, 10, () =>
    store.progress(leases.map(({ id, token }) => ({ id, token, progress: '{"progress":50}' }))),
  );
  await say(`10 lines of each of ${BATCH}`, 5, () =>
    store.logs.append(
      leases.map(({ id, token }) => ({
        id,
        token,
        entries: Array.from({ length: 10 }, () => ({
          agoMs: 1,
          level: 'info' as const,
          message: 'x'.repeat(50),
          fields: null,
        })),
      })),
    ),
  );
  await say('keys and holders', 3, () => store.concurrency());
  await say(`cancel of ${BATCH} that run`, 1, () => store.cancel(leases.map(({ id }) => ({ id }))));
  await store.settle(held.map(settlementOf({ kind: 'cancel' })));
  const waiting = submissions(BATCH);
  await store.submit(waiting);
  await say(`cancel of ${BATCH} that wait`, 1, () => store.cancel(waiting.map(({ spec }) => ({ id: spec.id }))));
  await say(`revive of ${BATCH}`, 1, () => store.revive(waiting.map(({ spec }) => spec.id)));
  await say(`${BATCH} tasks by id`, 10, () => store.get(waiting.map(({ spec }) => spec.id)));
  await endAll(store, SUCCESS);
  for (const query of [
    { limit: BATCH, offset: 0 },
    { limit: 10, offset: 20_000 },
    { limit: 10, offset: 5000, type: 'noop', tag: 'tag 1', status: 'success' as const },
    { limit: 10, offset: 0, tag: 'tag 1', type: 'full' },
  ]) {
    const what = JSON.stringify(query).replaceAll(/[{}"]/g, '');
    await say(what, 5, () => store.list({ order: 'desc', ...query }));
  }
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, one) => store.submit(submissions(1, { type: `type ${round} ${one}` }))),
    );
  }
  await say('1,000 types', 5, () => store.stats());
  await say('20,000 keys and holders', 1, () => store.concurrency());
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, one) =>
        store.locks.acquire({ key: `lock ${round} ${one}`, owner: 'me', max: 1, ttlMs: HOUR_MS }),
      ),
    );
  }
  await say('2,000 locks', 3, () => store.locks.holds());
  await say('an audit', 1, () => store.audit('report'));
  await say('the outbox', 1, () => readToEnd(store));

  // What only time does.
  await endAll(
    store,
    SUCCESS,
    [...Array(1000).keys()].map((one) => `type ${Math.floor(one / 100)} ${one % 100}`),
  );
  for (let round = 0; round < 10; round++) await store.submit(submissions(BATCH));
  time += 2 * HOUR_MS;
  await say('10,000 waits that are over, seen by a submit', 3, () => store.submit(submissions(1)));
  await say('10,000 waits that are over', 1, () => sweepTimers(store));
  for (let round = 0; round < 10; round++) await store.submit(submissions(BATCH, { tags: 16 }));
  time += 2 * HOUR_MS;
  await say('10,000 waits that are over, 16 tags each', 1, () => sweepTimers(store));
  for (let round = 0; round < 10; round++) {
    await store.submit(submissions(BATCH));
    await claim(store, BATCH);
  }
  time += HOUR_MS;
  await say('10,000 leases that are over', 1, () => sweepTimers(store));
  await endAll(store, SUCCESS);
  time += 8 * 24 * HOUR_MS;
  await say('everything that ended (~110,000, 20,000 with 16 tags)', 1, () => purge(store));
}

const quiet: Logger = { debug() {}, info() {}, warn() {}, error: console.error, child: () => quiet };

/** What the sweepers of a node do, without the pauses they make. */
async function sweepTimers(store: RedisStore): Promise<void> {
  do await settleLostLeases({ store, clock: systemClock, log: quiet, maxRecoveries: 3 });
  while ((await store.sweepTimers(PAGE)).nextMs === 0);
}

async function purge(store: RedisStore): Promise<void> {
  while ((await store.purge(PAGE)).nextMs === 0);
}

/** What somebody else waits for small answers while the work is done, in ms, shortest first. */
async function asking(server: RedisServer, work: () => Promise<unknown>): Promise<Float64Array> {
  const asker = new Worker(new URL('./programs/asker.ts', import.meta.url), { workerData: server.port });
  await once(asker, 'message');
  await work();
  asker.postMessage('enough');
  const [waits] = (await once(asker, 'message')) as [Float64Array];
  return waits;
}

async function sweep(store: RedisStore, server: RedisServer, tasks: number): Promise<void> {
  // A rewrite of the file begins with a fork, which stops Redis for as long as its memory is large, whoever uses it.
  await server.command('CONFIG', 'SET', 'auto-aof-rewrite-percentage', '0');
  for (let done = 0; done < tasks; done += BATCH) await store.submit(submissions(BATCH, { delayMs: HOUR_MS }));
  console.log(`${tasks} tasks are there`);
  const watch = async (what: string, work: () => Promise<unknown>) => {
    await readToEnd(store);
    await server.command('SLOWLOG', 'RESET');
    const startedAt = performance.now();
    const waits = await asking(server, work);
    const seconds = (performance.now() - startedAt) / 1000;
    const byScript = [...(await slowest(server))]
      .map(([name, all]) => ({ name, longest: Math.max(...all), calls: all.length }))
      .sort((a, b) => b.longest - a.longest)
      .slice(0, 4);
    const at = (share: number) => (waits[Math.floor(waits.length * share)] ?? Number.NaN).toFixed(1);
    console.log(
      `${what}: ${seconds.toFixed(0)} s; a ping waited ${at(0.5)} (p50), ${at(0.99)} (p99), ${at(0.999)} (p99.9), ${at(0.99999999)} ms (longest)`,
    );
    console.log(
      `  ${byScript.map(({ name, longest, calls }) => `${name} ${longest.toFixed(1)} ms (${calls} calls)`).join(', ')}`,
    );
  };
  time += HOUR_MS;
  await watch(`${tasks} become due`, () => sweepTimers(store));
  while ((await claim(store, BATCH)).length > 0);
  time += 5 * 60_000;
  await watch(`${tasks} leases are over`, () => sweepTimers(store));
  time += 2 * HOUR_MS;
  await watch(`${tasks} waits are over`, () => sweepTimers(store));
  time += 8 * 24 * HOUR_MS;
  await watch(`${tasks} are purged`, () => purge(store));
  console.log(`keys left: ${String(await server.command('DBSIZE'))}`);
}

async function readToEnd(store: RedisStore): Promise<void> {
  for (let after: string | null = null; ; ) {
    const last = (await store.readOutbox(after, 1000)).at(-1);
    if (!last) return;
    await store.trimOutbox(last.position);
    after = last.position;
  }
}

async function onFreshServer(work: (store: RedisStore, server: RedisServer) => Promise<void>): Promise<void> {
  const server = await RedisServer.start({ appendonly: 'yes' });
  try {
    await work(await openOn(server), server);
  } finally {
    await server.stop();
  }
}

async function openOn(server: RedisServer): Promise<RedisStore> {
  await server.command('CONFIG', 'SET', 'slowlog-max-len', '100000');
  await server.command('CONFIG', 'SET', 'slowlog-log-slower-than', SLOW_US);
  // What is not there yet would be sent as a whole, and not be known by its digest.
  for (const { text } of loaded) await server.command('SCRIPT', 'LOAD', text);
  return openRedisStore({ addr: server.addr, settings: SETTINGS, clock: systemClock, storeTime: () => time });
}

/** The dearest kind of work of each script, or all. */
function printRows(): void {
  const figures = [...rows.values()].map(({ script, what, medians, longest }) => {
    return { script, what, median: medianOf(medians), least: Math.min(...longest), most: Math.max(...longest) };
  });
  const dearest = new Map<string, (typeof figures)[number]>();
  for (const figure of figures) {
    if ((dearest.get(figure.script)?.least ?? -1) < figure.least) dearest.set(figure.script, figure);
  }
  const shown = process.env.ALL === 'yes' ? figures : [...dearest.values()].sort((a, b) => b.least - a.least);
  console.log('| script | median, ms | longest of the best round | longest of all | with |\n|---|---|---|---|---|');
  for (const { script, what, median, least, most } of shown) {
    console.log(`| ${script} | ${median.toFixed(2)} | ${least.toFixed(2)} | ${most.toFixed(2)} | ${what} |`);
  }
}

const ROUNDS = 5;
if (process.argv[2] === 'sweep') {
  await onFreshServer(async (store, server) => {
    await sweep(store, server, Number(process.argv[3] ?? 1_000_000));
    await store.close();
  });
} else {
  for (let round = 0; round < Number(process.argv[3] ?? ROUNDS); round++) {
    await onFreshServer(async (store, server) => {
      await scripts(store, server);
      await store.close();
    });
  }
  printRows();
}

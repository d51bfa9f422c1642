// With real threads, a real file and a real clock: a handler that blocks the event loop does not lose its lease.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { openSqliteStore } from '../../../src/adapters/sqlite/open.ts';
import type { SqliteStore } from '../../../src/adapters/sqlite/store.ts';
import { createSubmit } from '../../../src/engine/submit.ts';
import { startTimers } from '../../../src/engine/sweepers/timers.ts';
import type { Handler } from '../../../src/worker/handler.ts';
import { threadLeaseKeeper } from '../../../src/worker/lease-keeper-client.ts';
import type { KeeperConnector } from '../../../src/worker/lease-keeper-messages.ts';
import { HandlerRegistry } from '../../../src/worker/registry.ts';
import { createWorker } from '../../../src/worker/worker.ts';
import { RecordingLog, STORE_SETTINGS, WORKER_SETTINGS } from './scene.ts';
import { Weather } from './weather.ts';

const LEASE_MS = 1000;
const HEARTBEAT_MS = 200;
const CLOCK_MODULE = import.meta.resolve('../../../src/adapters/clock/system-clock.ts');

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xqueue-keeper-'));
});
after(() => rm(folder, { recursive: true }));

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Node {
  readonly store: SqliteStore;
  readonly log: RecordingLog;
  submit(type: string): Promise<string>;
  /** The task once it is final; polls, since real threads are at work. */
  final(id: string): ReturnType<SqliteStore['get']>;
}

async function startNode(
  name: string,
  handlers: readonly Handler[],
  connector?: KeeperConnector,
  weather = new Weather(),
): Promise<Node> {
  const settings = { ...STORE_SETTINGS, leaseMs: LEASE_MS };
  const store = await openSqliteStore({ path: join(folder, `${name}.db`), clock: systemClock, settings });
  const log = new RecordingLog();
  const leaseKeeper = threadLeaseKeeper({
    nodeId: 'node-1',
    connector: connector ?? store.leaseConnector() ?? assert.fail('a file has a connector'),
    clockModule: CLOCK_MODULE,
    intervalMs: HEARTBEAT_MS,
    clock: systemClock,
    log,
    heartbeat: (request) => store.heartbeat(request),
  });
  const worker = createWorker({
    store: weather.over(store),
    clock: systemClock,
    log,
    registry: new HandlerRegistry(handlers),
    settings: { ...WORKER_SETTINGS, leaseMs: LEASE_MS, heartbeatIntervalMs: HEARTBEAT_MS },
    leaseKeeper,
  });
  const timers = startTimers({ store, clock: systemClock, log, maxRecoveries: 3 });
  const { submit } = createSubmit(store, systemClock, { nodeId: 'client', defaultRetry: 0, defaultTimeoutMs: 0 });
  ends.push(async () => {
    await worker.close();
    await timers.close();
    await store.close();
  });
  return {
    store,
    log,
    async submit(type) {
      const [reply] = await submit([{ type }]);
      assert.equal(reply?.state, 'created');
      return reply.task.id;
    },
    async final(id) {
      for (const deadline = performance.now() + 20_000; performance.now() < deadline; ) {
        const tasks = await store.get([id]);
        if (tasks[0] && tasks[0].status !== 'pending' && tasks[0].status !== 'processing') return tasks;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return assert.fail(`task ${id} does not end`);
    },
  };
}

/** Blocks this thread, as a handler that computes does. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('the lease keeper in its own thread', () => {
  it('keeps the lease of a handler that blocks the event loop for twice the lease', async () => {
    let starts = 0;
    let aborted = true;
    const handler: Handler = {
      type: 'block',
      handle: async (_task, { signal }) => {
        starts += 1;
        block(2 * LEASE_MS);
        // Back in the loop the timers fire first: renewals that waited in the port must count all the same.
        await new Promise((resolve) => setTimeout(resolve, 50));
        aborted = signal.aborted;
        return 'done';
      },
    };
    const node = await startNode('block', [handler]);
    const [task] = await node.final(await node.submit('block'));
    assert.equal(task?.status, 'success');
    assert.equal(starts, 1);
    assert.equal(aborted, false);
    assert.equal(task.attempts.length, 1);
  });

  it('keeps the leases of the other handlers too, and of those claimed but not started', async () => {
    const starts = new Map<string, number>();
    const count = (id: string): void => void starts.set(id, (starts.get(id) ?? 0) + 1);
    const handlers: Handler[] = [
      { type: 'block', handle: (task) => (count(task.id), block(LEASE_MS)) },
      {
        type: 'wait',
        handle: async (task) => {
          count(task.id);
          await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
        },
      },
    ];
    const node = await startNode('others', handlers);
    const ids = [await node.submit('wait'), await node.submit('block'), await node.submit('block')];
    for (const id of ids) {
      const [task] = await node.final(id);
      assert.equal(task?.status, 'success');
      assert.equal(starts.get(id), 1);
    }
  });

  it('hears of every lease, however shortly after another and before a handler that blocks', async () => {
    const module = join(folder, 'counting-connector.mjs');
    await writeFile(
      module,
      `export async function connect(seen) {
        return {
          async heartbeat({ leases }) {
            for (const { id, token } of leases) if (id === 'task-' + token) Atomics.add(seen, token, 1);
            return leases.map(() => ({ state: 'held', remainingMs: 60000, cancelRequested: false }));
          },
        };
      }`,
    );
    const count = 20_000;
    const seen = new Int32Array(new SharedArrayBuffer((count + 1) * Int32Array.BYTES_PER_ELEMENT));
    const keeper = threadLeaseKeeper({
      nodeId: 'node-1',
      connector: { module: pathToFileURL(module).href, data: seen },
      clockModule: CLOCK_MODULE,
      intervalMs: HEARTBEAT_MS,
      clock: systemClock,
      log: new RecordingLog(),
      heartbeat: () => Promise.resolve([]),
    })({ onNews: () => undefined, held: () => [] });
    ends.push(() => keeper.close());
    await keeper.ready;
    const never = Number.POSITIVE_INFINITY;
    const lease = (token: number) => {
      const leaseUntil = systemClock.monotonic() + 60_000;
      return { id: `task-${token}`, token, leaseUntil, renewableUntil: never, lastBeatAt: never };
    };
    const tokens = Array.from({ length: count }, (_, index) => index + 1);
    // More than fits on one page.
    for (let from = 0; from < count; from += 50) keeper.hold(tokens.slice(from, from + 50).map(lease));
    keeper.drop(tokens.slice(0, 100));
    block(10 * HEARTBEAT_MS);
    assert.deepEqual([...seen.subarray(1, 101)], Array(100).fill(0));
    assert.ok(seen.subarray(101).every((beats) => beats > 0));
  });

  it('brings a cancel whose signal was lost', async () => {
    const handler: Handler = {
      type: 'wait',
      handle: (_task, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const weather = new Weather();
    weather.loseSignals('cancel');
    const node = await startNode('cancel', [handler], undefined, weather);
    const id = await node.submit('wait');
    while ((await node.store.get([id]))[0]?.status !== 'processing')
      await new Promise((resolve) => setImmediate(resolve));
    await node.store.cancel([{ id }]);
    const [task] = await node.final(id);
    assert.equal(task?.status, 'canceled');
  });

  it('goes on beside the pool when the thread cannot be started, and says so', async () => {
    const module = join(folder, 'broken-connector.mjs');
    await writeFile(module, 'export async function connect() { throw new Error("no way to the store"); }');
    const connector = { module: pathToFileURL(module).href, data: null };
    const handler: Handler = {
      type: 'wait',
      handle: () => new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS)),
    };
    const node = await startNode('broken', [handler], connector);
    const [task] = await node.final(await node.submit('wait'));
    assert.equal(task?.status, 'success');
    assert.equal(task.attempts.length, 1);
    assert.deepEqual(node.log.of('error'), [
      'The thread that keeps leases died; they are kept in the main thread from now on',
    ]);
  });

  it('goes on beside the pool when the thread dies later', async () => {
    const module = join(folder, 'dying-connector.mjs');
    await writeFile(module, 'export const connect = async () => ({ heartbeat: async () => process.exit(1) });');
    const connector = { module: pathToFileURL(module).href, data: null };
    const handler: Handler = {
      type: 'wait',
      handle: () => new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS)),
    };
    const node = await startNode('dying', [handler], connector);
    const [task] = await node.final(await node.submit('wait'));
    assert.equal(task?.status, 'success');
    assert.equal(task.attempts.length, 1);
    assert.equal(node.log.of('error').length, 1);
  });
});

describe('without a thread of its own', () => {
  it('the same handler loses its lease, which is what the thread is for', async () => {
    const settings = { ...STORE_SETTINGS, leaseMs: LEASE_MS };
    const store = await openSqliteStore({ path: join(folder, 'bare.db'), clock: systemClock, settings });
    const log = new RecordingLog();
    const registry = new HandlerRegistry([{ type: 'block', handle: () => block(2 * LEASE_MS) }]);
    const worker = createWorker({
      store,
      clock: systemClock,
      log,
      registry,
      settings: { ...WORKER_SETTINGS, leaseMs: LEASE_MS, heartbeatIntervalMs: HEARTBEAT_MS },
    });
    const { submit } = createSubmit(store, systemClock, { nodeId: 'client', defaultRetry: 0, defaultTimeoutMs: 0 });
    ends.push(async () => {
      await worker.close();
      await store.close();
    });
    await submit([{ type: 'block' }]);
    for (const deadline = performance.now() + 20_000; performance.now() < deadline; ) {
      if (log.of('warn').includes('An outcome came after its lease was over and does not count')) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual(log.of('warn'), ['An outcome came after its lease was over and does not count']);
  });
});

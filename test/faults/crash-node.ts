// A node that dies at one chosen call to its store: `crash-node.ts <data file or redis://host:port> <method> <before|after>
// <which call>`.
// Without a method it works until every task has ended. Parts are put together by hand, so that the call can be caught.
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { EventHub } from '../../src/engine/push/event-hub.ts';
import { SILENT } from '../../src/ports/logger.ts';
import type { TaskStore } from '../../src/ports/task-store.ts';
import { HandlerRegistry } from '../../src/worker/registry.ts';
import { createWorker } from '../../src/worker/worker.ts';
import { SETTINGS } from '../conformance/builders.ts';
import handlers from './handlers.ts';

const [path = '', method = '', when = '', which = '1'] = process.argv.slice(2);
const nodeId = `node-${process.pid}`;
const leaseMs = 150;
const cancelGraceMs = 150;
const heartbeatIntervalMs = 50;
const settings = { ...SETTINGS, leaseMs, cancelGraceMs };
const store = await openStore();

async function openStore(): Promise<TaskStore> {
  if (!path.startsWith('redis://')) return openSqliteStore({ path, settings, clock: systemClock });
  const { hostname, port } = new URL(path);
  return openRedisStore({ addr: { host: hostname, port: Number(port) }, settings, clock: systemClock });
}

let calls = 0;
const fragile = new Proxy(store, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name, target);
    if (typeof member !== 'function') return member;
    if (name !== method) return member.bind(target) as unknown;
    return async (...args: unknown[]): Promise<unknown> => {
      calls += 1;
      const isIt = calls === Number(which);
      if (isIt && when === 'before') die();
      const answer: unknown = await member.apply(target, args);
      if (isIt) die();
      return answer;
    };
  },
}) satisfies TaskStore;

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

const log = SILENT;
const engine = createEngine({
  store: fragile,
  clock: systemClock,
  log,
  hub: new EventHub({ onFault: () => undefined }),
  settings: {
    nodeId,
    defaultRetry: 3,
    defaultTimeoutMs: 0,
    cleanupIntervalMs: 60_000,
    maxRecoveries: 1000,
    leaseMs,
    heartbeatIntervalMs,
    cancelGraceMs,
  },
});
const worker = createWorker({
  store: fragile,
  clock: systemClock,
  log,
  registry: new HandlerRegistry(handlers),
  settings: {
    nodeId,
    maxConcurrency: 10,
    shutdownGraceMs: 1000,
    cancelGraceMs,
    leaseMs,
    heartbeatIntervalMs,
    host: 'here',
    pid: process.pid,
    version: '0',
  },
});

const isIdle = async (): Promise<boolean> => {
  const { types } = await store.stats();
  return Object.values(types).every(({ pending, processing }) => pending + processing === 0);
};
// The timer keeps the process alive as well.
const look = setInterval(() => void isIdle().then((idle) => (idle ? end() : undefined)), 20);

async function end(): Promise<void> {
  clearInterval(look);
  await worker.close();
  await engine.close();
  await store.close();
}

// A cluster on one Redis: how long from a submit on one node to the first line of the handler on another, and how many
// commands a node sends to Redis while nothing happens.
import { join } from 'node:path';
import { Child, nodeProgram } from '../harness/child.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import { percentile } from '../harness/statistics.ts';
import { commandsReceived, startRedis } from '../servers/redis.ts';

const TASKS = 500;
const NODES = 3;
/** Until the nodes have started, also on a machine that is busy. */
const SETTLE_MS = 10_000;
const WATCH_MS = 15_000;
const BIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'bin.ts');
const HANDLERS = join(import.meta.dirname, '..', 'programs', 'clock-handlers.ts');

export const cluster: Scenario = {
  name: 'cluster',
  title: 'Several nodes on one Redis',
  how: [
    `latency: ${TASKS} tasks one after the other, submitted by a node without handlers and run by a worker in another process`,
    `idle: ${NODES} nodes (a server and workers) with nothing to do, watched for ${WATCH_MS / 1000} s; commands as clients send them`,
  ],
  async run({ runs }) {
    const latencies: (readonly number[])[] = [];
    const idle: number[] = [];
    for (let round = 0; round < runs; round++) {
      latencies.push(await latency());
      // The same each time; more rounds would only take time.
      if (round < 2) idle.push(await idleCommands());
    }
    const of = 'XQueue on Redis';
    const quantile = (q: number): number[] => latencies.map((ms) => percentile(ms, q));
    const figures: Figure[] = [
      { of, what: 'submit to start elsewhere, p50', unit: 'ms', values: quantile(0.5), target: { atMost: 3 } },
      { of, what: 'submit to start elsewhere, p99', unit: 'ms', values: quantile(0.99), target: { atMost: 15 } },
      { of, what: 'idle, commands per node', unit: 'calls/s', values: idle, target: { atMost: 2 } },
    ];
    return { figures, notes: [] };
  },
};

async function latency(): Promise<readonly number[]> {
  const redis = await startRedis();
  const worker = node('worker', redis.port);
  const submitter = new Child(
    nodeProgram(new URL('../programs/cluster-latency.bench.ts', import.meta.url), {
      addr: `127.0.0.1:${redis.port}`,
      tasks: TASKS,
    }),
  );
  try {
    await submitter.ready();
    return (await submitter.measure<readonly number[]>()).result;
  } finally {
    await submitter.end();
    await worker.terminate();
    await redis.stop();
  }
}

async function idleCommands(): Promise<number> {
  const redis = await startRedis();
  const nodes = Array.from({ length: NODES }, (_, n) => node(n === 0 ? 'server' : 'worker', redis.port));
  try {
    await pause(SETTLE_MS);
    const before = commandsReceived(redis.port);
    await pause(WATCH_MS);
    return (commandsReceived(redis.port) - before) / NODES / (WATCH_MS / 1000);
  } finally {
    await Promise.all(nodes.map((each) => each.terminate()));
    await redis.stop();
  }
}

function node(command: 'server' | 'worker', redisPort: number): Child {
  const http = command === 'server' ? ['--server-port', '0', '--mqtt-listen', '127.0.0.1:0'] : ['--handlers', HANDLERS];
  const args = [BIN, command, '--redis-addr', `127.0.0.1:${redisPort}`, '--log-level', 'error', ...http];
  return new Child({ command: process.execPath, args });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

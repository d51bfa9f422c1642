// What Kafka in front of the store costs: POST /tasks with and without it, records per second beside the client library alone,
// and how quick an emptied Redis is filled again.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openKafkaLog } from '../../src/adapters/kafka/open.ts';
import { DEFAULT_RETRY } from '../../src/domain/retry.ts';
import { createUuid7 } from '../../src/engine/uuid7.ts';
import { SILENT } from '../../src/ports/logger.ts';
import { ACCEPTED_HEADER, acceptedRecord } from '../../src/protocol/accepted-record.ts';
import { KafkaServer } from '../../test/kafka-server.ts';
import { RedisServer } from '../../test/redis-server.ts';
import { Child, measureOnce, nodeProgram } from '../harness/child.ts';
import { alternate } from '../harness/rounds.ts';
import { type Context, type Figure, type Report, ratio, type Scenario } from '../harness/scenario.ts';
import { cpuBetween } from '../harness/usage.ts';
import type { LoadInput, LoadResult } from '../programs/http-load.bench.ts';
import type { ProduceInput } from '../programs/produce.bench.ts';
import { startRedis } from '../servers/redis.ts';
import { startXQueue } from '../servers/xqueue.ts';

const CONNECTIONS = 64;
const SECONDS = 5;
const WARM_UP_SECONDS = 3;
const REBUILT_TASKS = 20_000;
const BODY = JSON.stringify({ type: 'bench', payload: { number: 1, text: 'x'.repeat(75) }, priority: 5 });
const ON = 'Redis and Kafka';
const OFF = 'Redis';
const BIN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'bin.js');

export const kafka: Scenario = {
  name: 'kafka',
  title: 'Kafka in front of Redis',
  how: [
    `one local broker (KRaft, 512 MB heap), Redis with an append-only file; POST /tasks: ${CONNECTIONS} connections, ${SECONDS} s after ${WARM_UP_SECONDS} s of`,
    'warm-up, one task per call, no handlers, on a broker that has served a node before. records: keyed records of an accepted task, acknowledged by all replicas; batches: 100 records per',
    'call, one call after the other, by XQueue and by the client library alone; single calls: 256 callers with one record each.',
    `rebuild: \`xqueue rebuild\` of ${REBUILT_TASKS} tasks, two thirds of them ended, into an empty Redis`,
  ],
  run: async (context) => {
    const broker = await KafkaServer.start({ pace: 'runs fast' });
    try {
      // A broker that has just started is several times slower than one that has worked for a while.
      await produce('client alone', broker, 'warm-up');
      const parts = [await records(context, broker), await submits(context, broker), await rebuilds(context, broker)];
      return { figures: parts.flatMap(({ figures }) => figures), notes: parts.flatMap(({ notes }) => notes) };
    } finally {
      await broker.stop();
    }
  },
};

interface Load extends LoadResult {
  /** Of the node alone. */
  readonly cpuMicrosPerCall: number;
}

async function submits({ runs }: Context, broker: KafkaServer): Promise<Report> {
  const notes: string[] = [];
  let topics = 0;
  const withKafka = () => [`--kafka-brokers=${broker.broker}`, `--kafka-topic=submits-${++topics}`];
  const sides = [
    { name: ON, run: () => load(withKafka()) },
    { name: OFF, run: () => load([]) },
  ];
  // The broker compiles what it does for nodes while the first of them works, on the cores that are measured.
  await load(withKafka());
  const loads = await alternate(runs, sides, (name, error) => notes.push(`${name}: ${String(error)}`));
  const of = (name: string): readonly Load[] => loads.get(name) ?? [];
  const rate = (name: string): number[] => of(name).map(({ callsPerSecond }) => callsPerSecond);
  const failed = [...loads.values()].flat().reduce((sum, one) => sum + one.failed, 0);
  if (failed > 0) notes.push(`${failed} calls were not answered with 2xx`);
  const figures = [ON, OFF].flatMap((name): Figure[] => [
    { of: name, what: 'POST /tasks', unit: 'calls/s', values: rate(name) },
    { of: name, what: 'POST /tasks, p99', unit: 'ms', values: of(name).map(({ p99Ms }) => p99Ms) },
    { of: name, what: 'CPU per call', unit: 'us CPU', values: of(name).map((one) => one.cpuMicrosPerCall) },
  ]);
  figures.push(ratio(`${ON} : ${OFF}`, 'POST /tasks', [rate(ON), rate(OFF)], { atLeast: 0.5 }));
  return { figures, notes };
}

async function load(flags: readonly string[]): Promise<Load> {
  const redis = await startRedis();
  const all = [`--redis-addr=127.0.0.1:${redis.port}`, '--mqtt-broker=off', '--log-level=error', ...flags];
  const server = await startXQueue({ path: ':memory:', flags: all });
  const input: LoadInput = {
    url: `${server.url}/api/v1/tasks`,
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
    await server.stop();
    await redis.stop();
  }
}

const PRODUCERS = ['XQueue, batches', 'XQueue, single calls', 'client alone'] as const;

/** Records per second. */
async function produce(who: ProduceInput['who'], { broker }: KafkaServer, topic: string): Promise<number> {
  const input: ProduceInput = { who, broker, topic, value: recordOf(0), seconds: SECONDS };
  const program = nodeProgram(new URL('../programs/produce.bench.ts', import.meta.url), input);
  return (await measureOnce<{ perSecond: number }>(program)).result.perSecond;
}

async function records({ runs }: Context, broker: KafkaServer): Promise<Report> {
  const notes: string[] = [];
  let topics = 0;
  const sides = PRODUCERS.map((who) => ({
    name: who,
    run: () => produce(who, broker, `records-${++topics}`),
  }));
  const rates = await alternate(runs, sides, (name, error) => notes.push(`${name}: ${String(error)}`));
  const of = (name: (typeof PRODUCERS)[number]): number[] => rates.get(name) ?? [];
  const figures: Figure[] = PRODUCERS.map((name) => ({
    of: name,
    what: 'records',
    unit: 'messages/s',
    values: of(name),
  }));
  figures.push(
    ratio('XQueue : client alone', 'batches', [of('XQueue, batches'), of('client alone')], { atLeast: 0.6 }),
    ratio('XQueue : client alone', 'single calls', [of('XQueue, single calls'), of('client alone')], { atLeast: 0.6 }),
  );
  return { figures, notes };
}

async function rebuilds({ runs }: Context, broker: KafkaServer): Promise<Report> {
  const topic = 'rebuild';
  await fill(broker, topic);
  const redis = await RedisServer.start({ appendonly: 'yes' });
  const flags = [
    `--kafka-brokers=${broker.broker}`,
    `--kafka-topic=${topic}`,
    '--redis-addr',
    `127.0.0.1:${redis.port}`,
  ];
  const values: number[] = [];
  try {
    for (let round = 0; round < runs; round++) {
      await redis.command('FLUSHALL');
      const { stdout } = await promisify(execFile)(process.execPath, [BIN, 'rebuild', ...flags, '-o', 'json']);
      const { restored, seconds } = JSON.parse(stdout) as { restored: number; seconds: number };
      if (restored !== REBUILT_TASKS) throw new Error(`${restored} of ${REBUILT_TASKS} tasks came back`);
      values.push(restored / seconds);
    }
  } finally {
    await redis.stop();
  }
  return {
    figures: [{ of: 'xqueue rebuild', what: 'tasks', unit: 'tasks/s', values, target: { atLeast: 10_000 } }],
    notes: [],
  };
}

const newId = createUuid7(systemClock, 'bench');

function recordOf(number: number, id = newId()): string {
  const spec = {
    id,
    type: 'bench',
    payload: JSON.stringify({ number, text: 'x'.repeat(75) }),
    priority: 5,
    maxRetry: 3,
    retryStrategy: DEFAULT_RETRY,
    queueTimeoutMs: 0,
    processTimeoutMs: 600_000,
    parentId: null,
    concurrencyKey: null,
    maxConcurrency: null,
    limits: [],
    tags: [],
  };
  return acceptedRecord({ spec, due: { afterMs: 0 } }, Date.now());
}

/** As nodes leave it: a record per task, and an event per change. */
async function fill(broker: KafkaServer, topic: string): Promise<void> {
  const log = await openKafkaLog({
    address: { brokers: [broker.broker], clientId: 'bench', tls: null, sasl: null },
    ...{ topic, partitions: 6, replication: 1, retentionMs: 3_600_000, config: {}, groupId: 'bench' },
    ...{ batchSize: 1000, batchTimeoutMs: 30_000, deliveryTimeoutMs: 30_000, sessionTimeoutMs: 10_000 },
    clock: systemClock,
    log: SILENT,
  });
  const ids = Array.from({ length: REBUILT_TASKS }, () => newId());
  const headers = { [ACCEPTED_HEADER]: '1' };
  await log.append(
    'tasks',
    ids.map((id, number) => ({ key: id, value: recordOf(number, id), headers })),
  );
  const timestamp = new Date().toISOString();
  const changes = ids.flatMap((key, number) => {
    const base = { task_id: key, type: 'bench', timestamp, retry: 0 };
    const told: object[] = [{ ...base, status: 'pending', version: 1 }];
    if (number % 3 > 0) {
      told.push({ ...base, status: 'processing', version: 2, worker_id: 'bench' });
      told.push({
        ...base,
        status: 'success',
        version: 3,
        worker_id: 'bench',
        attempt: 1,
        completed_at: timestamp,
        result: { number },
      });
    }
    return told.map((value) => ({ key, value: JSON.stringify(value) }));
  });
  await log.append('events', changes);
  await log.close();
}

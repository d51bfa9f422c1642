// Kafka, Redis and nodes of one installation, all real processes, for tests that end them in bad ways.
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { KafkaLog } from '../../src/adapters/kafka/kafka-log.ts';
import { loadLibrary } from '../../src/adapters/kafka/library.ts';
import { SILENT } from '../../src/ports/logger.ts';
import type { LogTopic, NewRecord } from '../../src/ports/task-log.ts';
import { readEventRecord } from '../../src/protocol/read-event-record.ts';
import { type Launched, launch } from '../e2e/node-process.ts';
import { Cluster, type ClusterOptions } from '../faults-redis/cluster.ts';
import { KafkaServer } from '../kafka-server.ts';

const BIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'bin.ts');
const TOPIC = 'task-queue';
const PARTITIONS = 4;

/** Long enough for a machine that starts a broker beside it: whatever runs twice here runs twice because of Kafka. */
const LEASES = ['--queue-heartbeat-interval', '5s', '--queue-lease', '30s'];

export interface Record {
  readonly key: string | null;
  readonly text: string;
  readonly headers: Readonly<{ [name: string]: string }>;
}

export interface Scene {
  readonly kafka: KafkaServer;
  readonly cluster: Cluster;
  /** Everything a topic holds now; records of one key in order. */
  records(which: LogTopic): Promise<Record[]>;
  /** As another program does: plain submit bodies. */
  produce(bodies: readonly string[]): Promise<void>;
  /** The last change of each task that Kafka knows. */
  lastChanges(): Promise<Map<string, NonNullable<ReturnType<typeof readEventRecord>>>>;
  /** `xqueue rebuild` on these servers. */
  rebuild(...args: string[]): Launched;
}

/** Whatever is left of it ends with the test. */
export async function makeScene(t: Pick<TestContext, 'after'>, options: ClusterOptions = {}): Promise<Scene> {
  const kafka = await KafkaServer.start();
  t.after(() => kafka.stop());
  const settings = ['--kafka-brokers', kafka.broker, '--kafka-partitions', String(PARTITIONS), '--mqtt-broker', 'off'];
  const args = [...settings, ...(options.args ?? [])];
  const cluster = await Cluster.start(t, { leases: LEASES, ...options, args });
  const log = new KafkaLog({
    library: await loadLibrary(),
    address: { brokers: [kafka.broker], clientId: 'test', tls: null, sasl: null },
    topic: TOPIC,
    groupId: 'test',
    batchSize: 1000,
    batchTimeoutMs: 10_000,
    deliveryTimeoutMs: 30_000,
    sessionTimeoutMs: 10_000,
    clock: systemClock,
    log: SILENT,
  });
  t.after(() => log.close());
  const records = async (which: LogTopic): Promise<Record[]> => {
    const all: Record[] = [];
    for await (const page of log.read(which)) {
      for (const { key, value, headers } of page.records) {
        all.push({ key, text: value === null ? '' : Buffer.from(value).toString('utf8'), headers });
      }
    }
    return all;
  };
  return {
    kafka,
    cluster,
    records,
    produce: async (bodies) => {
      await log.append(
        'tasks',
        bodies.map((value): NewRecord => ({ key: null, value })),
      );
    },
    lastChanges: async () => {
      const changes = (await records('events')).flatMap(({ text }) => readEventRecord(text) ?? []);
      return new Map(changes.map((change) => [change.taskId, change]));
    },
    rebuild: (...more) =>
      launch(cluster.folder, [BIN, 'rebuild', '--redis-addr', `127.0.0.1:${cluster.redis.port}`, ...settings, ...more]),
  };
}

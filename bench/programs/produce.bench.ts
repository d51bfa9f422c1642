// Records into a topic: by XQueue's own way to Kafka, or by the client library alone, each waiting for all in-sync replicas.
import { compatibilityPartitioner, Producer } from '@platformatic/kafka';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openKafkaLog } from '../../src/adapters/kafka/open.ts';
import { SILENT } from '../../src/ports/logger.ts';
import { run } from '../harness/program.ts';

export interface ProduceInput {
  readonly who: 'XQueue, batches' | 'XQueue, single calls' | 'client alone';
  readonly broker: string;
  readonly topic: string;
  readonly value: string;
  readonly seconds: number;
}

/** The default of `kafka.batch_size`. */
const BATCH = 100;
/** Calls under way at once, as an HTTP server with so many busy connections has them. */
const CALLERS = 256;

await run(async ({ who, broker, topic, value, seconds }: ProduceInput) => {
  const log = await openKafkaLog({
    address: { brokers: [broker], clientId: 'bench', tls: null, sasl: null },
    topic,
    partitions: 6,
    replication: 1,
    retentionMs: 3_600_000,
    config: {},
    groupId: 'bench',
    batchSize: BATCH,
    batchTimeoutMs: 5000,
    deliveryTimeoutMs: 30_000,
    sessionTimeoutMs: 10_000,
    clock: systemClock,
    log: SILENT,
  });
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: [broker],
    idempotent: true,
    partitioner: compatibilityPartitioner,
  });
  let keys = 0;
  const batch = () => Array.from({ length: BATCH }, () => ({ key: `task-${++keys}`, value }));

  /** Until time is over; answers records per second. */
  const loop = async (callers: number, work: () => Promise<number>, forSeconds: number): Promise<number> => {
    let records = 0;
    const startedAt = performance.now();
    const until = startedAt + forSeconds * 1000;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (performance.now() < until) {
          const count = await work();
          records += count;
        }
      }),
    );
    return records / ((performance.now() - startedAt) / 1000);
  };
  const ways: Readonly<Record<ProduceInput['who'], (forSeconds: number) => Promise<number>>> = {
    'XQueue, batches': (forSeconds) => loop(1, async () => (await log.append('tasks', batch())).length, forSeconds),
    'XQueue, single calls': (forSeconds) =>
      loop(CALLERS, async () => (await log.append('tasks', [{ key: `task-${++keys}`, value }])).length, forSeconds),
    'client alone': (forSeconds) => loop(1, () => sendAlone(producer, topic, batch()), forSeconds),
  };
  await ways[who](2);
  return {
    measure: async () => ({ perSecond: await ways[who](seconds) }),
    end: async () => {
      await log.close();
      await producer.close();
    },
  };
});

async function sendAlone(
  producer: Producer,
  topic: string,
  records: readonly { readonly key: string; readonly value: string }[],
): Promise<number> {
  const messages = records.map(({ key, value }) => ({ topic, key: Buffer.from(key), value: Buffer.from(value) }));
  await producer.send({ messages });
  return messages.length;
}

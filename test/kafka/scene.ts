// A real Kafka and a real Redis, and nodes of one installation on them in this process. Each installation has topics and keys of
// its own, so that the tests of a file can share the servers.
import { after } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { KafkaLog } from '../../src/adapters/kafka/kafka-log.ts';
import { loadLibrary } from '../../src/adapters/kafka/library.ts';
import { compose, type XQueueNode } from '../../src/compose.ts';
import { type Options, optionsSource } from '../../src/config/options.ts';
import { resolve } from '../../src/config/resolve.ts';
import { type Logger, SILENT } from '../../src/ports/logger.ts';
import type { LogRecord, LogTopic } from '../../src/ports/task-log.ts';
import type { Handler } from '../../src/worker/handler.ts';
import { KafkaServer, type KafkaServerOptions } from '../kafka-server.ts';
import { RedisServer, type RedisServerOptions } from '../redis-server.ts';

// Loaded before any connection is made: on a busy machine loading takes longer than a connection may.
await Promise.all([
  import('../../src/compose/open-redis-store.ts'),
  import('../../src/compose/open-log.ts'),
  loadLibrary(),
]);

export interface Servers {
  readonly kafka: KafkaServer;
  readonly redis: RedisServer;
}

/** For the length of a test file. */
export async function startServers(
  options: { kafka?: KafkaServerOptions; redis?: RedisServerOptions } = {},
): Promise<Servers> {
  const [kafka, redis] = await Promise.all([KafkaServer.start(options.kafka), RedisServer.start(options.redis)]);
  after(async () => {
    await Promise.all([kafka.stop(), redis.stop()]);
  });
  return { kafka, redis };
}

export interface NodeWish {
  readonly handlers?: readonly Handler[];
  /** Wins over the installation's. */
  readonly kafka?: NonNullable<Options['kafka']>;
  readonly queue?: NonNullable<Options['queue']>;
  readonly log?: Logger;
}

let installations = 0;

/** Nodes, topics and keys that belong together. */
export class Installation {
  readonly servers: Servers;
  readonly topic: string;
  readonly #nodes: XQueueNode[] = [];

  constructor(servers: Servers) {
    this.servers = servers;
    this.topic = `queue-${process.pid}-${++installations}`;
  }

  async node({
    handlers = [],
    kafka = {},
    queue = {},
    log = SILENT,
  }: NodeWish = {}): Promise<XQueueNode & { url: string }> {
    const { redis, kafka: broker } = this.servers;
    const settings = optionsSource({
      redis: { addr: `127.0.0.1:${redis.port}`, keyPrefix: this.topic },
      kafka: { brokers: [broker.broker], topic: this.topic, groupId: `${this.topic}-group`, partitions: 3, ...kafka },
      mqtt: { broker: 'off' },
      server: { port: 0 },
      queue,
    });
    const node = await compose(resolve([settings]), { http: 'on', demo: 'none', log });
    this.#nodes.push(node);
    for (const handler of handlers) node.handlers?.register(handler);
    if (node.url === null) throw new Error('the node has no address');
    return { ...node, url: `${node.url}/api/v1` };
  }

  /** Everything a topic holds now, partition after partition. */
  async records(which: LogTopic): Promise<LogRecord[]> {
    const log = await this.log();
    try {
      const records: LogRecord[] = [];
      for await (const page of log.read(which)) records.push(...page.records);
      return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    } finally {
      await log.close();
    }
  }

  /** A way to the topics beside the nodes. Whoever asks closes it. */
  async log(): Promise<KafkaLog> {
    return new KafkaLog({
      library: await loadLibrary(),
      address: { brokers: [this.servers.kafka.internalBroker], clientId: 'test', tls: null, sasl: null },
      topic: this.topic,
      groupId: `${this.topic}-other`,
      batchSize: 100,
      batchTimeoutMs: 10_000,
      deliveryTimeoutMs: 30_000,
      clock: systemClock,
      log: SILENT,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node.close();
  }
}

export function textOf({ value }: LogRecord): string {
  return value === null ? '' : Buffer.from(value).toString('utf8');
}

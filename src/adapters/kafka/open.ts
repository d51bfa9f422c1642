// Opens the log: finds Kafka, says in plain words why it cannot, and makes the topics with the first start.
import type { Admin } from '@platformatic/kafka';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { LogTopic } from '../../ports/task-log.ts';
import { clientOptions, type KafkaAddress } from './address.ts';
import { configsOf } from './checks.ts';
import { KafkaRefused, reasonOf } from './faults.ts';
import { BATCH_HEAD_BYTES, KafkaLog } from './kafka-log.ts';
import { loadLibrary } from './library.ts';
import { ensureTopics, TOPICS, type TopicSettings, topicName } from './topics.ts';

export type { KafkaAddress, KafkaTls, SaslMechanism } from './address.ts';
export { KafkaRefused } from './faults.ts';

export interface KafkaOptions extends TopicSettings {
  readonly address: KafkaAddress;
  readonly groupId: string;
  readonly batchSize: number;
  readonly batchTimeoutMs: number;
  readonly deliveryTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @throws KafkaRefused when Kafka cannot be reached or used, or the client is not installed */
export async function openKafkaLog(options: KafkaOptions): Promise<KafkaLog> {
  const library = await loadLibrary();
  const { address, topic, clock, log } = options;
  const admin = new library.Admin(clientOptions(address, 2));
  let recordBytesMax: Partial<Record<LogTopic, number>> = {};
  try {
    const made = await ensureTopics(admin, options, clock);
    for (const which of made) log.info('Made a Kafka topic', { topic: topicName(topic, which) });
    recordBytesMax = await recordBytes(admin, topic);
  } catch (error) {
    if (error instanceof KafkaRefused) throw error;
    throw new KafkaRefused(`${address.brokers.join(', ')}: ${reasonOf(error)}`, { cause: error });
  } finally {
    await admin.close().catch(() => undefined);
  }
  return new KafkaLog({ library, ...options, recordBytesMax });
}

/** Not every user may ask; then a record that is too large is refused when it comes. */
async function recordBytes(admin: Admin, topic: string): Promise<Partial<Record<LogTopic, number>>> {
  const names = TOPICS.map((which) => topicName(topic, which));
  const configs = await configsOf(admin, names).catch(() => null);
  const limits = TOPICS.map((which) => {
    const bytes = Number(configs?.get(topicName(topic, which))?.get('max.message.bytes'));
    return [which, bytes - BATCH_HEAD_BYTES] as const;
  });
  return Object.fromEntries(limits.filter(([, bytes]) => Number.isFinite(bytes)));
}

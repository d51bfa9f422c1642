// Opens the log in front of the store. Loaded only when Kafka is configured: this file brings the adapter with it.
import { checkKafka } from '../adapters/kafka/checks.ts';
import { KafkaRefused, openKafkaLog } from '../adapters/kafka/open.ts';
import { StartError } from '../config/start-error.ts';
import { LIMITS } from '../domain/limits.ts';
import type { LogFront } from '../engine/log/log-front.ts';
import type { RecordRules } from '../engine/log/log-record.ts';
import { OwnRecords } from '../engine/log/own-records.ts';
import type { TaskLog } from '../ports/task-log.ts';
import { ACCEPTED_HEADER, acceptedRecord } from '../protocol/accepted-record.ts';
import { eventRecord } from '../protocol/event-record.ts';
import { parseSubmitText } from '../protocol/submit.ts';
import { type Basics, randomWord } from './basics.ts';
import { kafkaAddress, kafkaSetting, topicSettings } from './kafka-options.ts';
import type { NodeStore } from './node-store.ts';

/** @throws StartError when Kafka cannot be reached or used */
export async function openLog({ id, config, clock, log }: Basics): Promise<TaskLog> {
  const { groupId, batchSize, batchTimeoutMs, deliveryTimeoutMs, sessionTimeoutMs } = config.kafka;
  const times = { groupId, batchSize, batchTimeoutMs, deliveryTimeoutMs, sessionTimeoutMs };
  const address = kafkaAddress(config, id);
  try {
    const kafka = await openKafkaLog({ ...topicSettings(config), ...times, address, clock, log });
    const checks = await checkKafka(address, { topic: config.kafka.topic, keptMs: config.queue.retentionMs });
    for (const { name, status, message } of checks) if (status !== 'ok') log.warn(`Kafka: ${message}`, { check: name });
    return kafka;
  } catch (error) {
    if (!(error instanceof KafkaRefused)) throw error;
    throw new StartError(kafkaSetting(config, error.message), error.message, { cause: error });
  }
}

/** How records are read, by ingest and by a rebuild. */
export function recordReading({ kafka, queue }: Basics['config']): Pick<RecordRules, 'topic' | 'originOf' | 'parse'> {
  return {
    topic: kafka.topic,
    originOf: ({ headers }) => (headers[ACCEPTED_HEADER] === undefined ? 'foreign' : 'accepted'),
    parse: (text, origin) => {
      // What was accepted once is not refused because this node takes less.
      const maxPayloadBytes = origin === 'accepted' ? LIMITS.bodyBytesMax : queue.maxPayloadBytes;
      return parseSubmitText(text, { id: 'allowed', maxPayloadBytes });
    },
  };
}

const ACCEPTED = { [ACCEPTED_HEADER]: '1' };

/** @param store a store that many nodes share; others know no log */
export function logFront({ id, config, clock }: Basics, log: TaskLog, { intake }: NodeStore): LogFront {
  if (intake === undefined) throw new StartError('kafka.brokers', 'needs the Redis store: set redis.addr');
  return {
    ...recordReading(config),
    log,
    intake,
    own: new OwnRecords(),
    owner: `${id}/${randomWord(clock)}`,
    acceptedRecord: (submission, acceptedAt) => ({
      key: submission.spec.id,
      value: acceptedRecord(submission, acceptedAt),
      headers: ACCEPTED,
    }),
    eventRecord: (event, task) => ({ key: event.taskId, value: eventRecord(event, task) }),
  };
}

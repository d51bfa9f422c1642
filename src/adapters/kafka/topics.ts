// The three topics of an installation: made with the first start, left as they are afterwards.
import type { Admin } from '@platformatic/kafka';
import type { Clock } from '../../ports/clock.ts';
import type { LogTopic } from '../../ports/task-log.ts';
import { isKafkaError, KafkaRefused, reasonOf } from './faults.ts';

export interface TopicSettings {
  /** Name of the topic of accepted tasks; the others are named after it. */
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition; `null`: three, or as many as there are brokers if they are fewer. */
  readonly replication: number | null;
  /** How long accepted tasks stay in the log; 0 = for ever. */
  readonly retentionMs: number;
  /** Further configuration of all three topics, by the names Kafka gives it. Wins over ours. */
  readonly config: Readonly<Record<string, string>>;
}

export const TOPICS: readonly LogTopic[] = ['tasks', 'events', 'rejected'];

export function topicName(topic: string, which: LogTopic): string {
  return which === 'tasks' ? topic : `${topic}.${which}`;
}

const DAY_MS = 86_400_000;
/** Kafka forgets by segments: a record can outlive its retention by this, the time in which a segment is filled. */
const SEGMENT_MS = DAY_MS;
/** A payload of 1 MiB with all it may carry, and a result of 1 MiB. */
export const RECORD_BYTES = 4 * 1024 * 1024;

/**
 * Events must outlive the tasks they belong to by more than a segment: a rebuild that finds a task without its last event
 * would run it again.
 */
export function configOf(
  which: LogTopic,
  { retentionMs, config }: TopicSettings,
  copies: number,
): Record<string, string> {
  const extraMs = which === 'events' ? 7 * DAY_MS : 0;
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs === 0 ? -1 : retentionMs + extraMs),
    'retention.bytes': '-1',
    'segment.ms': String(SEGMENT_MS),
    'max.message.bytes': String(RECORD_BYTES),
    ...(copies > 2 ? { 'min.insync.replicas': '2' } : {}),
    ...config,
  };
}

/** Makes the topics that are not there. @throws KafkaRefused when that is not allowed */
export async function ensureTopics(admin: Admin, settings: TopicSettings, clock: Clock): Promise<LogTopic[]> {
  const there = new Set(await admin.listTopics());
  const missing = TOPICS.filter((which) => !there.has(topicName(settings.topic, which)));
  if (missing.length === 0) return [];
  const { brokers } = await admin.metadata({});
  const copies = settings.replication ?? Math.min(3, brokers.size);
  for (const which of missing) {
    const name = topicName(settings.topic, which);
    const configs = Object.entries(configOf(which, settings, copies)).map(([key, value]) => ({ name: key, value }));
    const partitions = which === 'rejected' ? 1 : settings.partitions;
    try {
      await admin.createTopics({ topics: [name], partitions, replicas: copies, configs });
    } catch (error) {
      // Another node was faster.
      if (isKafkaError(error, 'TOPIC_ALREADY_EXISTS')) continue;
      throw new KafkaRefused(`the topic ${name} cannot be made (${reasonOf(error)}): make it by hand, or allow it`, {
        cause: error,
      });
    }
  }
  await haveLeaders(
    admin,
    TOPICS.map((which) => topicName(settings.topic, which)),
    clock,
  );
  return missing;
}

/** A topic that was just made is not usable before each partition has a leader. */
async function haveLeaders(admin: Admin, topics: string[], clock: Clock): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const isReady = await admin.metadata({ topics: [...topics], forceUpdate: true }).then(
      (metadata) => topics.every((name) => metadata.topics.get(name)?.partitions.every(({ leader }) => leader >= 0)),
      () => false,
    );
    if (isReady) return;
    await new Promise<void>((resolve) => {
      clock.after(200, resolve);
    });
  }
  throw new KafkaRefused('the topics were made, but have no leaders yet');
}

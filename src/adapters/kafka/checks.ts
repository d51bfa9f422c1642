// What `xqueue doctor` asks Kafka: whether its topics keep accepted tasks as long and as safely as they must.
import type { Admin } from '@platformatic/kafka';
import { clientOptions, type KafkaAddress } from './address.ts';
import { reasonOf } from './faults.ts';
import { loadLibrary } from './library.ts';
import { RECORD_BYTES, TOPICS, topicName } from './topics.ts';

export interface KafkaCheck {
  /** What was looked at: `topic task-queue` ... */
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'error';
  readonly message: string;
}

export interface CheckedTopics {
  readonly topic: string;
  /** How long ended tasks are kept in the store. */
  readonly keptMs: number;
}

type Configs = ReadonlyMap<string, string>;
const TOPIC_RESOURCE = 2 as const;
const DAY_MS = 86_400_000;

/** Never throws: what goes wrong is a finding. */
export async function checkKafka(address: KafkaAddress, topics: CheckedTopics): Promise<KafkaCheck[]> {
  let admin: Admin | null = null;
  try {
    const { Admin } = await loadLibrary();
    admin = new Admin(clientOptions(address, 1));
    return await look(admin, topics);
  } catch (error) {
    return [{ name: 'cluster', status: 'error', message: `Cannot be used: ${reasonOf(error)}.` }];
  } finally {
    await admin?.close().catch(() => undefined);
  }
}

async function look(admin: Admin, { topic, keptMs }: CheckedTopics): Promise<KafkaCheck[]> {
  const { brokers } = await admin.metadata({});
  const cluster = { name: 'cluster', status: 'ok', message: `${counted(brokers.size, 'broker')}.` } as const;
  const there = new Set(await admin.listTopics());
  const names = TOPICS.map((which) => topicName(topic, which));
  const found = names.filter((name) => there.has(name));
  const missing = names.filter((name) => !there.has(name));
  const checks: KafkaCheck[] = [cluster];
  for (const name of missing)
    checks.push({ name: `topic ${name}`, status: 'ok', message: 'Is made with the first start.' });
  if (found.length === 0) return checks;
  const { topics } = await admin.metadata({ topics: [...found] });
  const configs = await configsOf(admin, found);
  for (const name of found) {
    const partitions = topics.get(name)?.partitions ?? [];
    checks.push(copies(name, partitions, brokers.size, configs.get(name) ?? new Map()));
  }
  const [tasks = '', events = ''] = names;
  if (configs.has(tasks)) checks.push(...retention(configs.get(tasks) ?? new Map(), configs.get(events), keptMs));
  for (const name of found) checks.push(...sizes(name, configs.get(name) ?? new Map()));
  return checks;
}

interface Partition {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly leader: number;
}

function copies(name: string, partitions: readonly Partition[], brokers: number, config: Configs): KafkaCheck {
  const check = `topic ${name}`;
  const factor = Math.min(...partitions.map(({ replicas }) => replicas.length));
  const needed = Number(config.get('min.insync.replicas') ?? 1);
  const what = `${counted(partitions.length, 'partition')}, ${factor === 1 ? 'one copy' : `${factor} copies`} of each`;
  const leaderless = partitions.filter(({ leader }) => leader < 0).length;
  const short = partitions.filter(({ isr }) => isr.length < needed).length;
  if (leaderless + short > 0) {
    const detail = `${what}; ${counted(leaderless + short, 'partition')} cannot be written now`;
    return { name: check, status: 'error', message: `${detail} (min.insync.replicas ${needed}).` };
  }
  if (config.get('unclean.leader.election.enable') === 'true') {
    const detail = 'unclean.leader.election.enable lets a copy lead that lacks accepted tasks';
    return { name: check, status: 'warning', message: `${what}; ${detail}.` };
  }
  if (factor === 1 && brokers > 1) {
    return { name: check, status: 'warning', message: `${what}: the loss of one broker loses accepted tasks.` };
  }
  if (factor > 1 && needed >= factor) {
    const detail = `min.insync.replicas ${needed} refuses every submit while one of them is away`;
    return { name: check, status: 'warning', message: `${what}; ${detail}.` };
  }
  if (factor > 2 && needed < 2) {
    const detail = 'min.insync.replicas 1 acknowledges tasks that only one of them has';
    return { name: check, status: 'warning', message: `${what}; ${detail}.` };
  }
  return { name: check, status: 'ok', message: `${what}.` };
}

function retention(tasks: Configs, events: Configs | undefined, keptMs: number): KafkaCheck[] {
  const name = 'retention';
  const tasksMs = msOf(tasks, 'retention.ms');
  const eventsMs = events === undefined ? Number.POSITIVE_INFINITY : msOf(events, 'retention.ms');
  // A record stays until the segment it is in is old enough as a whole.
  const segmentMs = msOf(tasks, 'segment.ms');
  const isCompacted = (tasks.get('cleanup.policy') ?? '').includes('compact');
  const bounded = [tasks, events].some((config) => Number(config?.get('retention.bytes') ?? -1) >= 0);
  const days = (ms: number) => (Number.isFinite(ms) ? `${Math.round((ms / DAY_MS) * 10) / 10} days` : 'for ever');
  const kept = `Accepted tasks are kept ${days(tasksMs)}, their events ${days(eventsMs)}`;
  const bad = (message: string): KafkaCheck[] => [{ name, status: 'warning', message: `${kept}: ${message}.` }];
  if (tasksMs < keptMs) return bad(`less than ended tasks are kept (queue.retention, ${days(keptMs)})`);
  if (eventsMs < tasksMs + segmentMs && Number.isFinite(eventsMs)) {
    return bad(
      'a rebuild could find a task without its end, and run it again; keep events longer by segment.ms at least',
    );
  }
  if (bounded) return bad('retention.bytes can end that sooner');
  if (isCompacted) return bad('the topic of tasks is compacted, which may forget tasks that have one key');
  return [{ name, status: 'ok', message: `${kept}. Only that can be rebuilt.` }];
}

function sizes(name: string, config: Configs): KafkaCheck[] {
  const bytes = Number(config.get('max.message.bytes') ?? RECORD_BYTES);
  if (bytes >= RECORD_BYTES / 2) return [];
  const message = `max.message.bytes is ${bytes}: larger tasks are refused, or their end is not written.`;
  return [{ name: `topic ${name}`, status: 'warning', message }];
}

/** -1 is for ever. */
function msOf(config: Configs, key: string): number {
  const ms = Number(config.get(key) ?? -1);
  return ms < 0 ? Number.POSITIVE_INFINITY : ms;
}

/** Of topics, by name. */
export async function configsOf(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, Configs>> {
  const resources = names.map((resourceName) => ({ resourceType: TOPIC_RESOURCE, resourceName }));
  const described = await admin.describeConfigs({ resources });
  return new Map(
    described.map(({ resourceName, configs }) => [
      resourceName,
      new Map(configs.map(({ name, value }) => [name, value ?? ''])),
    ]),
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

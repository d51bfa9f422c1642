// How many tasks are where, and what the cluster is doing.
import { STATUSES, type Status } from '../../domain/task.ts';
import type { LogStatus } from '../../engine/log/log-front.ts';
import type { KeyState, MinuteCounts, NodeState, StatusCounts, StoreStats } from '../../ports/task-store.ts';
import { secondsOfMs } from '../../protocol/durations.ts';
import { StatsAnswer } from '../../protocol/schemas/operations.ts';
import { formatTimestamp } from '../../protocol/timestamps.ts';
import { ok } from '../answer.ts';
import { route } from '../route.ts';

export const getStats = route({
  method: 'GET',
  path: '/api/v1/stats',
  scope: 'read',
  tag: 'Cluster',
  summary: 'Counts and throughput',
  answers: { 200: { description: 'As of now', schema: StatsAnswer } },
  async handle(_call, { engine }) {
    const [stats, keys, nodes] = await Promise.all([engine.stats(), engine.concurrency(), engine.nodes()]);
    const log = engine.logStatus();
    return ok({ ...wireStats(stats, keys, nodes), ...(log === null ? {} : { kafka: wireLog(log) }) });
  },
});

function wireLog({ lag, partitions }: LogStatus): NonNullable<StatsAnswer['kafka']> {
  return { lag, partitions: partitions.map((one) => ({ ...one, lag: one.end - one.next })) };
}

function wireStats(stats: StoreStats, keys: readonly KeyState[], nodes: readonly NodeState[]): StatsAnswer {
  const types = Object.entries(stats.types);
  const live = nodes.filter((node) => node.live);
  return {
    tasks: totalsOf(types.map(([, counts]) => counts)),
    types: Object.fromEntries(
      types.map(([type, counts]) => [
        type,
        {
          ...countsOf((status) => counts[status]),
          oldest_pending_seconds: secondsOfMs(counts.oldestPendingMs),
          demand: counts.demand,
        },
      ]),
    ),
    concurrency: {
      keys: keys.length,
      operator_limits: keys.filter((key) => key.limitSource === 'operator').length,
      full: keys.filter((key) => key.running >= key.limit).length,
      running: sum(keys, (key) => key.running),
      waiting: sum(keys, (key) => key.waiting),
    },
    nodes: {
      live: live.length,
      draining: live.filter((node) => node.draining).length,
      slots: sum(live, (node) => node.slots),
      running: sum(live, (node) => node.running),
    },
    throughput: {
      accepted: stats.accepted,
      purged: stats.purged,
      last_hour: minuteOf((name) => sum(stats.minutes, (minute) => minute[name])),
      minutes: stats.minutes.map((minute) => ({
        at: formatTimestamp(minute.at),
        ...minuteOf((name) => minute[name]),
      })),
    },
  };
}

/** The six statuses over all types, and their sum. */
export function totalsOf(types: readonly StatusCounts[]): StatsAnswer['tasks'] {
  const counts = countsOf((status) => sum(types, (type) => type[status]));
  return { ...counts, total: sum(STATUSES, (status) => counts[status]) };
}

function countsOf(count: (status: Status) => number): Record<Status, number> {
  return {
    pending: count('pending'),
    processing: count('processing'),
    success: count('success'),
    failed: count('failed'),
    canceled: count('canceled'),
    timeout: count('timeout'),
  };
}

type MinuteName = Exclude<keyof MinuteCounts, 'at'>;

function minuteOf(count: (name: MinuteName) => number): Record<MinuteName, number> {
  return {
    submitted: count('submitted'),
    started: count('started'),
    retried: count('retried'),
    success: count('success'),
    failed: count('failed'),
    canceled: count('canceled'),
    timeout: count('timeout'),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

// Prometheus metrics. Requests are counted as they end; everything about tasks is asked from the store when somebody
// scrapes, so that it is right on every node and after every restart.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { STATUSES } from '../domain/task.ts';
import type { LogStatus } from '../engine/log/log-front.ts';
import type { NodeState, StoreStats } from '../ports/task-store.ts';
import { type PushFacts, pushRegistry } from './push-metrics.ts';
import { RequestDurations } from './request-durations.ts';

export interface Metrics {
  /** Makes an observer of ended requests for one route. Cheap to call. */
  requests(method: string, path: string): (status: number, durationMs: number) => void;
  /** The text for a scrape. @param cluster `null`: the store cannot be asked */
  render(cluster: ClusterFacts | null): Promise<string>;
  readonly contentType: string;
}

export interface ClusterFacts {
  readonly stats: StoreStats;
  readonly nodes: readonly NodeState[];
}

// Watching garbage collection and the event loop is for the whole process and cannot be taken back.
let processMetrics: Registry | undefined;

/** @param push figures of the live push at the time of the scrape; @param log of the log in front of the store, if there is one */
export function createMetrics(
  openCalls: () => number,
  push?: () => PushFacts,
  log: () => LogStatus | null = () => null,
): Metrics {
  const durations = new RequestDurations();
  const registry = new Registry();
  const registers = [registry];
  const open = new Gauge({ name: 'xqueue_http_open_calls', help: 'Long polls and event streams', registers });

  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    requests: (method, path) => durations.of(method, path),
    async render(cluster) {
      if (processMetrics === undefined) {
        processMetrics = new Registry();
        collectDefaultMetrics({ register: processMetrics });
      }
      open.set(openCalls());
      const status = log();
      const parts = [clusterRegistry(cluster), registry, processMetrics];
      if (push) parts.push(pushRegistry(push()));
      if (status !== null) parts.push(logRegistry(status));
      const [first = '', ...rest] = await Promise.all(parts.map((part) => part.metrics()));
      return [first, durations.render(), ...rest].join('\n');
    },
  };
}

/** What is not known is left out: 0 would look like all is well. */
function logRegistry({ status, lag }: LogStatus): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'xqueue_kafka_up', help: '1 when Kafka can be used', registers }).set(status === 'ok' ? 1 : 0);
  const help = 'Records of accepted tasks that the store has not been given yet';
  if (lag !== null) new Gauge({ name: 'xqueue_kafka_lag', help, registers }).set(lag);
  return registry;
}

function clusterRegistry(cluster: ClusterFacts | null): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'xqueue_store_up', help: '1 when the store answers', registers }).set(cluster === null ? 0 : 1);
  if (cluster === null) return registry;
  const { stats, nodes } = cluster;

  const labelNames = ['type', 'status'];
  const tasks = new Gauge({ name: 'xqueue_tasks', help: 'Tasks by type and status', labelNames, registers });
  const byType = { labelNames: ['type'], registers };
  const oldest = new Gauge({
    name: 'xqueue_oldest_pending_seconds',
    help: 'How long the longest waiting task is due',
    ...byType,
  });
  const demand = new Gauge({ name: 'xqueue_demand', help: 'Runnable and running tasks', ...byType });
  for (const [type, counts] of Object.entries(stats.types)) {
    for (const status of STATUSES) tasks.set({ type, status }, counts[status]);
    oldest.set({ type }, counts.oldestPendingMs / 1000);
    demand.set({ type }, counts.demand);
  }

  new Counter({ name: 'xqueue_tasks_accepted_total', help: 'Tasks ever accepted', registers }).inc(stats.accepted);
  new Counter({ name: 'xqueue_tasks_purged_total', help: 'Tasks forgotten after retention', registers }).inc(
    stats.purged,
  );
  const live = nodes.filter((node) => node.live);
  const gauge = (name: string, help: string, value: number) => new Gauge({ name, help, registers }).set(value);
  gauge('xqueue_nodes', 'Live nodes', live.length);
  gauge(
    'xqueue_slots',
    'Tasks the live nodes can run at once',
    live.reduce((sum, node) => sum + node.slots, 0),
  );
  gauge(
    'xqueue_running',
    'Tasks the live nodes run now',
    live.reduce((sum, node) => sum + node.running, 0),
  );
  return registry;
}

// Starts the working part of a node, or only its report for a node that runs no tasks.
import { hostname } from 'node:os';
import type { Engine } from '../engine/engine.ts';
import { childSubmits } from '../sdk/child-submit.ts';
import { VERSION } from '../version.ts';
import { threadLeaseKeeper } from '../worker/lease-keeper-client.ts';
import { NodeReporter } from '../worker/node-reporter.ts';
import type { HandlerRegistry } from '../worker/registry.ts';
import { createWorker, type Worker } from '../worker/worker.ts';
import type { Basics } from './basics.ts';
import type { NodeStore } from './node-store.ts';

/** A handler that blocks the thread must not cost the node its leases: where the store allows, they are kept in another one. */
export function startWorker(
  { id, config, clock, log }: Basics,
  { store, engine }: { readonly store: NodeStore; readonly engine: Engine },
  registry: HandlerRegistry,
): Worker {
  const connector = store.leaseConnector();
  const { heartbeatIntervalMs: intervalMs } = config.queue;
  const heartbeat = store.heartbeat.bind(store);
  const clockModule = import.meta.resolve(
    `../adapters/clock/system-clock${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  );
  const keeper = { nodeId: id, clockModule, intervalMs, clock, log, heartbeat };
  const settings = { ...config.queue, nodeId: id, host: hostname(), pid: process.pid, version: VERSION };
  return createWorker({
    store,
    clock,
    log,
    registry,
    settings,
    submitFor: childSubmits(engine, config.queue),
    ...(connector === null ? {} : { leaseKeeper: threadLeaseKeeper({ ...keeper, connector }) }),
  });
}

/** A node that runs no tasks is a node all the same, for whoever looks at the list. */
export function reportNode({ id, config, clock, log }: Basics, store: NodeStore): NodeReporter {
  const startedAt = clock.now();
  const { pid } = process;
  const report = {
    id,
    host: hostname(),
    pid,
    version: VERSION,
    startedAt,
    types: [],
    slots: 0,
    running: 0,
    draining: false,
  };
  const { heartbeatIntervalMs: intervalMs } = config.queue;
  const reporter = new NodeReporter({ store, clock, log, intervalMs, report: () => report });
  reporter.changed();
  return reporter;
}

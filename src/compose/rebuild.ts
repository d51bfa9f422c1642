// Puts together what a rebuild needs: the store and the log of the configuration, and how their records are read.
import { systemClock } from '../adapters/clock/system-clock.ts';
import type { Config } from '../config/config.ts';
import { StartError } from '../config/start-error.ts';
import { LIMITS } from '../domain/limits.ts';
import { type RebuildProgress, type RebuildReport, rebuild } from '../engine/log/rebuild.ts';
import type { Logger } from '../ports/logger.ts';
import { readEventRecord } from '../protocol/read-event-record.ts';
import type { Basics } from './basics.ts';
import { openLog, recordReading } from './open-log.ts';
import { openStore } from './open-store.ts';

export interface RebuildRun {
  readonly mode: 'apply' | 'report';
  /** Whether nodes may be running meanwhile. */
  readonly nodes: 'none' | 'any';
  readonly onProgress: (progress: RebuildProgress) => void;
}

export type Rebuilt =
  | { readonly state: 'done'; readonly report: RebuildReport }
  /** Nothing was done: these nodes are running. */
  | { readonly state: 'nodes_running'; readonly nodes: readonly string[] };

/** @throws StartError, StoreUnavailable, LogUnavailable */
export async function runRebuild(config: Config, log: Logger, run: RebuildRun): Promise<Rebuilt> {
  if (config.kafka.brokers.length === 0) {
    throw new StartError('kafka.brokers', 'is not set: there is no log to rebuild from');
  }
  const basics: Basics = { id: `rebuild-${process.pid}`, config, clock: systemClock, log };
  const store = await openStore(basics);
  try {
    const { restorer, intake } = store;
    if (restorer === undefined || intake === undefined) {
      throw new StartError('kafka.brokers', 'needs the Redis store: set redis.addr');
    }
    const live = (await store.nodes()).filter((node) => node.live).map(({ id }) => id);
    if (run.nodes === 'none' && live.length > 0) return { state: 'nodes_running', nodes: live };
    const newest = (await store.list({ limit: 1, offset: 0, order: 'desc' })).tasks[0];
    const taskLog = await openLog(basics);
    try {
      const { defaultRetry, defaultTimeoutMs, retentionMs } = config.queue;
      const report = await rebuild({
        log: taskLog,
        restorer,
        intake,
        rules: { ...recordReading(config), defaults: { defaultRetry, defaultTimeoutMs }, strategies: [] },
        readChange: readEventRecord,
        clock: systemClock,
        retentionMs,
        idempotencyMs: LIMITS.idempotencyMs,
        newestAt: newest?.createdAt ?? 0,
        mode: run.mode,
        onProgress: run.onProgress,
      });
      return { state: 'done', report };
    } finally {
      await taskLog.close();
    }
  } finally {
    await store.close();
  }
}

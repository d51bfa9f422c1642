// Forgets final tasks when their retention is over, page by page, and what else has grown old.
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { TaskStore } from '../../ports/task-store.ts';
import { SweepLoop } from './sweep-loop.ts';

const PAGE = 500;
/** Retention is counted in days: nobody minds a second, and tasks that ended one by one are purged together. */
const GATHER_MS = 1000;

export interface RetentionParts {
  readonly store: Pick<TaskStore, 'purge'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cleanupIntervalMs: number;
}

export function startRetention({ store, clock, log, cleanupIntervalMs }: RetentionParts): { close(): Promise<void> } {
  const loop = new SweepLoop({
    name: 'retention',
    clock,
    log,
    netMs: cleanupIntervalMs,
    run: async () => {
      const { purged, nextMs } = await store.purge(PAGE);
      const did = purged > 0 ? 'something' : 'nothing';
      return { nextMs: nextMs === null || nextMs === 0 ? nextMs : Math.max(nextMs, GATHER_MS), did };
    },
  });
  loop.nudge(0);
  return { close: () => loop.close() };
}

// Looks now and then for what should be impossible and mends it. Each finding is a defect of XQueue or of what runs
// below it, so it is told loudly; a quiet auditor is the normal state.
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { TaskStore } from '../../ports/task-store.ts';
import { SweepLoop } from './sweep-loop.ts';

/** One line per finding would bury the log when something is badly broken. */
const TOLD_MAX = 20;

export interface AuditorParts {
  readonly store: Pick<TaskStore, 'audit'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cleanupIntervalMs: number;
}

/** First after one interval: a start must not wait for a look at everything. */
export function startAuditor({ store, clock, log, cleanupIntervalMs }: AuditorParts): { close(): Promise<void> } {
  const loop = new SweepLoop({
    name: 'audit',
    clock,
    log,
    netMs: cleanupIntervalMs,
    run: async () => {
      const findings = await store.audit('repair');
      for (const { invariant, detail, repaired } of findings.slice(0, TOLD_MAX)) {
        log.error(repaired ? 'Found and repaired a broken invariant' : 'Found a broken invariant', {
          invariant,
          detail,
        });
      }
      if (findings.length > TOLD_MAX) log.error('Found more broken invariants', { count: findings.length });
      return { nextMs: null, did: 'nothing' };
    },
  });
  loop.nudge(cleanupIntervalMs);
  return { close: () => loop.close() };
}

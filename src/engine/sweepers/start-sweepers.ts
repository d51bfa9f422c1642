// All sweepers of a node. Every node runs them; compare-and-set in the store makes their meeting harmless.
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { TaskStore } from '../../ports/task-store.ts';
import type { EngineSettings } from '../engine.ts';
import { startAuditor } from './auditor.ts';
import { startRetention } from './retention.ts';
import { startTimers } from './timers.ts';

export interface SweeperParts {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: Pick<EngineSettings, 'cleanupIntervalMs' | 'maxRecoveries'>;
}

/** `close` resolves when no sweep is under way any more. */
export function startSweepers({ store, clock, log, settings }: SweeperParts): { close(): Promise<void> } {
  const { cleanupIntervalMs, maxRecoveries } = settings;
  const sweepers = [
    startTimers({ store, clock, log, maxRecoveries }),
    startRetention({ store, clock, log, cleanupIntervalMs }),
    startAuditor({ store, clock, log, cleanupIntervalMs }),
  ];
  return {
    close: async () => {
      await Promise.all(sweepers.map((sweeper) => sweeper.close()));
    },
  };
}

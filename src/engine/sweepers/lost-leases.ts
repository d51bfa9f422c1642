// Tasks whose node disappeared, or whose handler outlived its deadline: the domain says what that means, the store
// applies it only if the lease is still over and nobody settled it meanwhile.
import { outcomeOfLostLease } from '../../domain/outcome.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { LostLease, Settlement, TaskStore } from '../../ports/task-store.ts';

const PAGE = 500;

export interface LostLeasesParts {
  readonly store: Pick<TaskStore, 'lostLeases' | 'settle'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxRecoveries: number;
}

/** Settles them page by page; answers how many it settled. Throws `StoreUnavailable`. */
export async function settleLostLeases({ store, clock, log, maxRecoveries }: LostLeasesParts): Promise<number> {
  const settlementOf = ({ id, token, workerId, pastDeadline, facts }: LostLease): Settlement => ({
    id,
    token,
    outcome: outcomeOfLostLease(facts, { pastDeadline, workerId, maxRecoveries }, clock.random()),
    handler: 'ended',
    by: 'sweeper',
  });
  let total = 0;
  for (;;) {
    const lost = await store.lostLeases(PAGE);
    if (lost.length === 0) return total;
    const replies = await store.settle(lost.map(settlementOf));
    const settled = replies.filter(({ state }) => state === 'settled').length;
    total += settled;
    if (settled > 0) log.warn('Took back tasks whose lease was over', { count: settled, nodes: nodesOf(lost) });
    // A page of which nothing could be settled would come again and again. A short one may be all a store shows at once.
    if (settled === 0) return total;
  }
}

function nodesOf(lost: readonly LostLease[]): string[] {
  return [...new Set(lost.map(({ workerId }) => workerId))].slice(0, 10);
}

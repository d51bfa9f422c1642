// What time does to tasks: they become due, wait too long, lose their lease. One timer, set to the next of these
// instants, moved forward by the store's signals; an idle store is asked twice a minute.
import type { TaskStore } from '../../ports/task-store.ts';
import { type LostLeasesParts, settleLostLeases } from './lost-leases.ts';
import { SweepLoop } from './sweep-loop.ts';

const PAGE = 500;
const NET_MS = 30_000;

export interface TimersParts extends LostLeasesParts {
  readonly store: Pick<TaskStore, 'lostLeases' | 'settle' | 'sweepTimers' | 'onSignal'>;
}

/** Starts at once. */
export function startTimers(parts: TimersParts): { close(): Promise<void> } {
  const { store, clock, log } = parts;
  const loop = new SweepLoop({
    name: 'timer',
    clock,
    log,
    netMs: NET_MS,
    run: async () => {
      // Lost leases first: while one is not settled, the store names it as due.
      const settled = await settleLostLeases(parts);
      const { promoted, timedOut, nextMs } = await store.sweepTimers(PAGE);
      return { nextMs, did: settled + promoted + timedOut > 0 ? 'something' : 'nothing' };
    },
  });
  const stopListening = store.onSignal((signal) => {
    if (signal.kind === 'timer') loop.nudge(signal.inMs);
  });
  loop.nudge(0);
  return {
    close: () => {
      stopListening();
      return loop.close();
    },
  };
}

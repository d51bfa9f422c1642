// Time for the lease keeper's thread, where no clock can be handed over. Adapters do not know each other, so this is
// not the system clock of the program; a connection needs no more than this.
import type { Clock } from '../../ports/clock.ts';

export const threadClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timeout = setTimeout(callback, Math.max(0, Math.ceil(delayMs))).unref();
    return { cancel: () => clearTimeout(timeout) };
  },
  random: () => Math.random(),
};

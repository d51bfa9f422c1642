// The clock of programs that talk to a server: browsers, and Node without anything of Node. Its timers keep a Node process
// alive, because a program that waits before it tries again has nothing else that would.
import { TIMER_MS_MAX } from '../../domain/limits.ts';
import type { Clock, Timer } from '../../ports/clock.ts';

export const webClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after(delayMs: number, callback: () => void): Timer {
    const timeout = setTimeout(callback, Math.min(Math.max(0, Math.ceil(delayMs)), TIMER_MS_MAX));
    return { cancel: () => clearTimeout(timeout) };
  },
};

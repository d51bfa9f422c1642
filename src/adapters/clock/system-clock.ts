// The clock of the running system. Timers of any length are cut into pieces that Node can hold, and none of them
// keeps the process alive: what must stay alive holds a socket or a handler, not a timer.
import { TIMER_MS_MAX } from '../../domain/limits.ts';
import type { Clock, Timer } from '../../ports/clock.ts';

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    const dueAt = performance.now() + delayMs;
    const arm = (waitMs: number): NodeJS.Timeout => {
      const timeout = setTimeout(fire, Math.min(Math.max(0, Math.ceil(waitMs)), TIMER_MS_MAX));
      return timeout.unref();
    };
    const fire = (): void => {
      const leftMs = dueAt - performance.now();
      // Node may fire up to a millisecond early; only a piece of a longer wait is armed again.
      if (leftMs >= 1) timeout = arm(leftMs);
      else callback();
    };
    let timeout = arm(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  }

  random(): number {
    return Math.random();
  }
}

export const systemClock: Clock = new SystemClock();

// Waiting, so that it can be ended.
import type { Clock } from '../ports/clock.ts';

/** So many failures in a row and a watch gives up: after half a minute where nothing was heard yet, else after two. */
const FAILURES_MAX = { new: 16, begun: 56 } as const;
const BACK_OFF_MS = 200;
const BACK_OFF_MS_MAX = 3_000;

export function isHopeless(failures: number, watch: 'new' | 'begun'): boolean {
  return failures > FAILURES_MAX[watch];
}

/** The wait after the n-th failure in a row. @throws the signal's reason */
export function backOff(clock: Clock, failures: number, signal: AbortSignal): Promise<void> {
  return pause(
    clock,
    Math.min(BACK_OFF_MS * 2 ** (failures - 1), BACK_OFF_MS_MAX) * (0.5 + clock.random() / 2),
    signal,
  );
}

/** Resolves after the time. @throws the signal's reason */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
  });
}

// Time and chance as a port, so that tests own both. Nothing outside adapters may ask the system for either.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Unix milliseconds, whole. May jump when the system's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start; never jumps, never goes back. For measuring how long something took. */
  monotonic(): number;
  /** Calls back once after `delayMs` (any length; longer than Node's timers allow is fine). Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** A number in [0, 1). */
  random(): number;
}

// A clock that stands still until it is told to move. For tests, ours and those of users (`xqueue/testing`):
// time passes only in `advance`, and chance repeats with its seed.
import type { Clock, Timer } from '../../ports/clock.ts';

/** A round instant that is easy to recognise in output: 2026-01-01T00:00:00.000Z. */
export const MANUAL_START = Date.UTC(2026, 0, 1);

const QUIET_TURNS = 3;

interface Waiting {
  /** On the monotonic scale: setting the wall clock does not touch timers, as in the real system. */
  readonly dueAt: number;
  readonly order: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #order = 0;
  #seed: number;
  readonly #waiting = new Set<Waiting>();

  /** @param options.now Unix milliseconds of the start; @param options.seed of `random()`. */
  constructor(options: { readonly now?: number; readonly seed?: number } = {}) {
    this.#now = options.now ?? MANUAL_START;
    this.#seed = (options.seed ?? 1) >>> 0;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, callback: () => void): Timer {
    const dueAt = this.#monotonic + Math.max(0, Math.ceil(delayMs));
    const waiting: Waiting = { dueAt, order: this.#order++, callback };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** mulberry32: small, and the same sequence on every machine. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) >>> 0;
    let t = this.#seed;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Lets `ms` pass. Timers fire in order, each seeing its own instant; those they start fire too when they are due. */
  advance(ms: number): void {
    const end = this.#monotonic + whole(ms);
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) this.#fire(next);
    this.#moveTo(end);
  }

  /** As `advance`, but lets what is already under way settle before and after each timer (a few turns of the loop). */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#monotonic + whole(ms);
    await quiet();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#fire(next);
      await quiet();
    }
    this.#moveTo(end);
    await quiet();
  }

  /**
   * For long times with many timers: moves to the end of the next timer's grain and fires what is due by then, and what
   * that makes due at once. Time stays where it is when no timer is due within `withinMs`.
   */
  fireNext(withinMs: number, grainMs: number): 'fired' | 'none_due' {
    const end = this.#monotonic + whole(withinMs);
    const first = this.#next(end);
    if (first === undefined) return 'none_due';
    this.#moveTo(Math.min(end, first.dueAt + grainMs));
    for (let due: Waiting | undefined = first; due !== undefined; due = this.#next(this.#monotonic)) this.#fire(due);
    return 'fired';
  }

  /** Sets the wall clock, forwards or back, as an operator or NTP would: no time passes, so no timer fires. */
  set(unixMs: number): void {
    this.#now = unixMs;
  }

  /** Timers that wait; 0 after a clean stop. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** Time until the next timer; `null` when none waits. */
  get nextTimerMs(): number | null {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next === undefined ? null : Math.max(0, next.dueAt - this.#monotonic);
  }

  #next(end: number): Waiting | undefined {
    let best: Waiting | undefined;
    for (const one of this.#waiting) {
      if (one.dueAt > end) continue;
      if (!best || one.dueAt < best.dueAt || (one.dueAt === best.dueAt && one.order < best.order)) best = one;
    }
    return best;
  }

  #fire(timer: Waiting): void {
    this.#moveTo(timer.dueAt);
    this.#waiting.delete(timer);
    timer.callback();
  }

  #moveTo(instant: number): void {
    const step = Math.max(0, instant - this.#monotonic);
    this.#monotonic += step;
    this.#now += step;
  }
}

function whole(ms: number): number {
  if (!(ms >= 0) || !Number.isInteger(ms)) throw new RangeError(`advance: whole milliseconds >= 0, not ${ms}`);
  return ms;
}

/** Some turns of the event loop: promises, immediates and finished I/O get their chance, and what follows from them. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < QUIET_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}

// Starts handlers one after the other, a little at a time: handlers that compute must not keep the outcomes, aborts and
// heartbeats of the others waiting until the last of a batch has had its turn.
import type { Clock } from '../ports/clock.ts';
import type { Attempt } from './attempt.ts';

const BUDGET_MS = 5;

export class StartQueue {
  readonly #clock: Clock;
  readonly #start: (attempt: Attempt, now: number) => void;
  #waiting: Attempt[] = [];
  #isScheduled = false;

  constructor(clock: Clock, start: (attempt: Attempt, now: number) => void) {
    this.#clock = clock;
    this.#start = start;
  }

  add(attempts: readonly Attempt[]): void {
    this.#waiting.push(...attempts);
    if (!this.#isScheduled) this.#run();
  }

  /** Those that have not had their turn, which they will not get any more. */
  takeAll(): Attempt[] {
    return this.#waiting.splice(0);
  }

  #run(): void {
    let now = this.#clock.monotonic();
    const until = now + BUDGET_MS;
    // What a handler adds or takes away meanwhile is for the next turn.
    this.#isScheduled = true;
    const waiting = this.#waiting;
    let started = 0;
    while (started < waiting.length && now < until) {
      this.#start(waiting[started++] as Attempt, now);
      now = this.#clock.monotonic();
    }
    this.#waiting = started >= waiting.length ? [] : waiting.slice(started);
    this.#isScheduled = this.#waiting.length > 0;
    if (!this.#isScheduled) return;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }
}

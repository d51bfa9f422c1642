// One timer for the earliest of many instants. It is only ever set earlier; whoever ends before its instant costs
// nothing, because the timer then finds nothing to do and is set to the earliest that is left.
import type { Clock, Timer } from '../ports/clock.ts';

export class Deadlines {
  readonly #clock: Clock;
  readonly #onDue: (now: number) => number;
  #timer: Timer | null = null;
  #armedAt = Number.POSITIVE_INFINITY;

  /** @param onDue does what is due and answers with the earliest instant left, `Infinity` for none; all monotonic */
  constructor(clock: Clock, onDue: (now: number) => number) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Makes sure that `onDue` runs at this instant. */
  include(at: number): void {
    if (at >= this.#armedAt) return;
    this.#timer?.cancel();
    this.#armedAt = at;
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => {
      this.#armedAt = Number.POSITIVE_INFINITY;
      this.#timer = null;
      this.include(this.#onDue(this.#clock.monotonic()));
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#armedAt = Number.NEGATIVE_INFINITY;
  }
}

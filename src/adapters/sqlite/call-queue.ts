// Calls on their way into a transaction, in the order they came. All that is there goes into one, up to a bound: while
// callers work on the answers of one group the next one runs; if everything went into one, the store would stand still
// until its answers have come back as calls.
import type { Asked } from './answer-queue.ts';
import type { Call } from './operations.ts';

/** A group is full with this many submitted tasks; a call that is not about many counts as one. */
const TASKS_MAX = 40;

export class CallQueue {
  readonly #calls: Asked[] = [];

  add(asked: Asked): void {
    this.#calls.push(asked);
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** More calls would have to wait for the group after this one. */
  get hasFullGroup(): boolean {
    return this.#groupEnd() !== null;
  }

  /** The calls of the next transaction. */
  takeGroup(): Asked[] {
    return this.#calls.splice(0, this.#groupEnd() ?? this.#calls.length);
  }

  #groupEnd(): number | null {
    let tasks = 0;
    for (const [index, { call }] of this.#calls.entries()) {
      tasks += tasksOf(call);
      if (call.name === 'claim' || tasks >= TASKS_MAX) return index + 1;
    }
    return null;
  }
}

/** Outcomes do not fill a group: the claim behind them belongs to it. */
function tasksOf(call: Call): number {
  switch (call.name) {
    case 'submit':
      return Math.max(1, call.args[0].length);
    case 'settle':
      return 0;
    default:
      return 1;
  }
}

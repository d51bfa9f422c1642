// Hints to nodes. The model finds them by comparing what was possible before a step with what is possible after it.
import type { Signal } from '../../src/ports/task-store.ts';
import { takeable } from './reads.ts';
import type { ModelState } from './state.ts';
import { nextTimerMs } from './sweeps.ts';

export class Signals {
  readonly #listeners = new Set<(signal: Signal) => void>();
  #takeable = new Set<string>();
  #timerAt = Number.POSITIVE_INFINITY;

  listen(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** After each step: what it asked to be told, work that was not there before, and an earlier timer. */
  after(state: ModelState, outbox: 'wrote' | 'nothing'): void {
    const signals = [...state.signals];
    state.signals = [];

    const now = takeable(state);
    const types = new Set(now.filter(({ spec }) => !this.#takeable.has(spec.id)).map(({ spec }) => spec.type));
    this.#takeable = new Set(now.map(({ spec }) => spec.id));
    if (types.size > 0) signals.push({ kind: 'work', types: [...types] });

    const inMs = nextTimerMs(state);
    const timerAt = inMs === null ? Number.POSITIVE_INFINITY : state.now + inMs;
    if (inMs !== null && timerAt < this.#timerAt) signals.push({ kind: 'timer', inMs });
    this.#timerAt = timerAt;

    if (outbox === 'wrote') signals.push({ kind: 'outbox' });
    for (const signal of signals) for (const listener of this.#listeners) listener(signal);
  }
}

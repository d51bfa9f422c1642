// Seeded chance: the same seed makes the same history on every machine.
import { ManualClock } from '../../src/adapters/clock/manual-clock.ts';

export class Chance {
  readonly #source: ManualClock;

  constructor(seed: number) {
    this.#source = new ManualClock({ seed });
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** 0 <= whole number < n. */
  below(n: number): number {
    return Math.floor(this.#source.random() * n);
  }

  /** Whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** Mostly one of the newest: that is where things happen. */
  pickRecent<T>(items: readonly T[], recent: number): T | undefined {
    if (items.length === 0) return undefined;
    const from = this.oneIn(5) ? 0 : Math.max(0, items.length - recent);
    return this.pick(items.slice(from));
  }

  some<T>(items: readonly T[]): T[] {
    return items.filter(() => this.oneIn(2));
  }

  /** A key of `weights`, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.#source.random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return this.pick(entries)[0];
  }
}

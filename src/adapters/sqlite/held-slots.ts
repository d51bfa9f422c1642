// The slots of held leases, by key. A slot is a part of its lease, and the lease is in the task's row: this is an index over
// those rows, kept in memory because one process owns the file. It is never written, and made anew from the rows
// whenever a step is rolled back, so it can neither leak nor survive its lease.
import type { Limit } from '../../domain/concurrency.ts';

export interface HeldSlot {
  readonly seq: number;
  readonly token: number;
  /** What the task asked of the key; `NO_MAX`: it did not name it. */
  readonly max: number;
}

export class HeldSlots {
  readonly #byKey = new Map<string, Map<number, HeldSlot>>();

  take(limits: readonly Limit[], seq: number, token: number): void {
    for (const { key, max } of limits) {
      let slots = this.#byKey.get(key);
      if (slots === undefined) {
        slots = new Map();
        this.#byKey.set(key, slots);
      }
      slots.set(token, { seq, token, max });
    }
  }

  free(limits: readonly Limit[], token: number): void {
    for (const { key } of limits) {
      const slots = this.#byKey.get(key);
      if (slots?.delete(token) && slots.size === 0) this.#byKey.delete(key);
    }
  }

  count(key: string): number {
    return this.#byKey.get(key)?.size ?? 0;
  }

  of(key: string): HeldSlot[] {
    return [...(this.#byKey.get(key)?.values() ?? [])];
  }

  keys(): string[] {
    return [...this.#byKey.keys()];
  }

  /** What differs between this and what should be. */
  differences(expected: HeldSlots): string[] {
    const keys = new Set([...this.keys(), ...expected.keys()]);
    return [...keys].flatMap((key) => {
      const [has, should] = [this.#byKey.get(key), expected.#byKey.get(key)];
      const extra = [...(has?.values() ?? [])].filter(({ token }) => !should?.has(token));
      const missing = [...(should?.values() ?? [])].filter(({ token }) => !has?.has(token));
      return [
        ...extra.map(({ seq }) => `slot of ${key} for task number ${seq} belongs to no running task`),
        ...missing.map(({ seq }) => `running task number ${seq} lacks its slot of ${key}`),
      ];
    });
  }
}

// What holds a lease, found by its token, for many that come and go. A `Map` or a `Set` would do, but for this: whenever one
// is given a new table, the old table keeps a pointer to it. Once a table has got into V8's old generation, all that follow
// stay as well, with everything that was ever in them, until the next full collection; a busy node copies them all.

const BUCKETS = 256;

export class ByToken<T extends { readonly token: number }> {
  readonly #buckets = Array.from({ length: BUCKETS }, (): T[] => []);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(token: number): T | undefined {
    for (const one of this.#bucketOf(token)) if (one.token === token) return one;
    return undefined;
  }

  /** Must not be in it already. */
  add(one: T): void {
    this.#bucketOf(one.token).push(one);
    this.#size += 1;
  }

  /** @returns whether it was in it */
  delete(one: T): boolean {
    const bucket = this.#bucketOf(one.token);
    const at = bucket.indexOf(one);
    if (at < 0) return false;
    const last = bucket.pop() as T;
    if (last !== one) bucket[at] = last;
    this.#size -= 1;
    return true;
  }

  /** As they are now: what is added or deleted meanwhile does not change the list. */
  all(): T[] {
    return this.#buckets.flat();
  }

  #bucketOf(token: number): T[] {
    return this.#buckets[token % BUCKETS] as T[];
  }
}

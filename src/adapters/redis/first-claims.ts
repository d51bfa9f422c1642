// What this process knows of first attempts that it claimed: so that a settlement need not look it up in the record.

export interface Place {
  readonly seq: number;
  /** Type, limits and facets as they stand in a record: the same object for many tasks. */
  readonly group: Buffer;
}

/** Far more than a node runs. What is forgotten only costs its settlement more. */
const PLACES_MAX = 20_000;

export class FirstClaims {
  readonly #places = new Map<number, Place>();
  #lastGroup = Buffer.alloc(0);

  add(token: number, seq: number, group: Buffer): void {
    // Tasks that are claimed together are mostly of one group.
    if (!this.#lastGroup.equals(group)) this.#lastGroup = Buffer.from(group);
    this.#places.set(token, { seq, group: this.#lastGroup });
    if (this.#places.size <= PLACES_MAX) return;
    const [oldest] = this.#places.keys();
    if (oldest !== undefined) this.#places.delete(oldest);
  }

  get(token: number): Place | undefined {
    return this.#places.get(token);
  }

  /** Its attempt has been settled. */
  delete(token: number): void {
    this.#places.delete(token);
  }
}

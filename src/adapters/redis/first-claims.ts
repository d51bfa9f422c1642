// What this process knows of first attempts that it claimed: so that a settlement need not look it up in the record.

/** What is the same for many tasks: type, limits and facets as they stand in a record. */
export interface Group {
  readonly bytes: Buffer;
}

export interface Place {
  readonly seq: number;
  readonly group: Group;
}

/** Far more than a node runs. What is forgotten only costs its settlement more. */
const PLACES_MAX = 20_000;

export class FirstClaims {
  readonly #places = new Map<number, Place>();
  #lastGroup: Group = { bytes: Buffer.alloc(0) };

  add(token: number, seq: number, groupBytes: Buffer): void {
    // Tasks that are claimed together are mostly of one group.
    if (!this.#lastGroup.bytes.equals(groupBytes)) this.#lastGroup = { bytes: Buffer.from(groupBytes) };
    this.#places.set(token, { seq, group: this.#lastGroup });
    if (this.#places.size <= PLACES_MAX) return;
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest);
      return;
    }
  }

  get(token: number): Place | undefined {
    return this.#places.get(token);
  }

  /** Its attempt has been settled. */
  delete(token: number): void {
    this.#places.delete(token);
  }
}

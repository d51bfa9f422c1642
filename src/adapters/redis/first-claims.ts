// What this process knows of first attempts that it claimed: so that a settlement need not look it up in the record.

export interface Place {
  readonly seq: number;
  /** Type, limits and facets as they stand in a record: the same object for many tasks. */
  readonly group: Buffer;
}

/** Far more than a node runs. What is forgotten only costs its settlement more. */
const SLOTS = 16_384;

/** By token, each in the slot of its last digits until another one takes that: nothing is made or moved for one task. */
export class FirstClaims {
  readonly #tokens = new Float64Array(SLOTS);
  readonly #seqs = new Float64Array(SLOTS);
  readonly #groups = Array.from({ length: SLOTS }, (): Buffer | undefined => undefined);
  #lastGroup = Buffer.alloc(0);

  add(token: number, seq: number, group: Buffer): void {
    // Tasks that are claimed together are mostly of one group.
    if (!this.#lastGroup.equals(group)) this.#lastGroup = Buffer.from(group);
    const slot = token % SLOTS;
    this.#tokens[slot] = token;
    this.#seqs[slot] = seq;
    this.#groups[slot] = this.#lastGroup;
  }

  get(token: number): Place | undefined {
    const slot = token % SLOTS;
    const group = this.#groups[slot];
    if (this.#tokens[slot] !== token || group === undefined) return undefined;
    return { seq: this.#seqs[slot] as number, group };
  }
}

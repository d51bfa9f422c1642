// What this process knows of first attempts that it claimed: so that a settlement need not look it up in the record.

interface Place {
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

/** how many, number of the group, first number */
const RUN_BYTES = 2 + 2 + 6;

/** Settlements of one kind whose tasks have numbers that follow each other, packed for settle.lua. */
export class Runs {
  readonly groups: Buffer[] = [];
  readonly #bytes: Buffer;
  #at = -RUN_BYTES;
  #count = 0;
  #last: { readonly kind: string; readonly place: Place | undefined } | null = null;

  constructor(countMax: number) {
    this.#bytes = Buffer.allocUnsafe(countMax * RUN_BYTES);
  }

  add(kind: string, place: Place | undefined): void {
    if (!this.#isNext(kind, place)) {
      this.#at += RUN_BYTES;
      this.#count = 0;
      this.#bytes.writeUInt16BE(place === undefined ? 0 : this.#numberOf(place.group), this.#at + 2);
      this.#bytes.writeUIntBE(place?.seq ?? 0, this.#at + 4, 6);
    }
    this.#last = { kind, place };
    this.#bytes.writeUInt16BE(++this.#count, this.#at);
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at + RUN_BYTES);
  }

  #isNext(kind: string, place: Place | undefined): boolean {
    const last = this.#last;
    if (last === null || last.kind !== kind) return false;
    if (last.place === undefined || place === undefined) return last.place === place;
    return last.place.group === place.group && last.place.seq + 1 === place.seq;
  }

  /** Counted from 1. */
  #numberOf(group: Buffer): number {
    const known = this.groups.indexOf(group);
    return known >= 0 ? known + 1 : this.groups.push(group);
  }
}

// Settlements of one kind whose tasks have numbers that follow each other, packed for settle.lua.
import type { Place } from './first-claims.ts';

/** how many, number of the group, first number */
const RUN_BYTES = 2 + 2 + 6;

export class SettlementRuns {
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

// Leases on their way to the keeper's thread, in memory that both threads see: one writes at the end, the other reads what
// is new whenever it looks. Told by messages, that thread would wake for every batch that is claimed or settled, a thousand
// times a second on a busy node, and each time the pool's thread would wait for it.
import type { HeldLease } from './lease-keeper.ts';

const PAGE_CELLS = 32 * 1024;
const CELL_BYTES = Float64Array.BYTES_PER_ELEMENT;
/** Counts in front of an entry: leases, dropped tokens, bytes of the ids. */
const HEAD_CELLS = 3;
/** Of a lease: token, `leaseUntil`, `renewableUntil`, `lastBeatAt`. Its id is in the text behind the numbers. */
const LEASE_CELLS = 4;

/** What was told at once. */
export interface PageEntry {
  readonly leases: readonly HeldLease[];
  /** Tokens that need not be held any more. */
  readonly dropped: readonly number[];
}

export class LeasePage {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Float64Array;
  readonly #bytes: Buffer;
  /** The first cell says where the entries end. It is moved last, so that no entry is read before it is complete. */
  readonly #end: Int32Array;
  #at = 1;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#cells = new Float64Array(memory);
    this.#bytes = Buffer.from(memory);
    this.#end = new Int32Array(memory, 0, 1);
  }

  /** A page of its own for an entry that does not fit on the last one. @param shiftMs see `write` */
  static beginWith(entry: PageEntry, shiftMs: number): LeasePage {
    const cells = 1 + cellsOf(entry, Buffer.byteLength(textOf(entry)));
    const page = new LeasePage(new SharedArrayBuffer(Math.max(cells, PAGE_CELLS) * CELL_BYTES));
    page.write(entry, shiftMs);
    return page;
  }

  /**
   * Whether there was room for it.
   * @param shiftMs added to the leases' times: the reader's clock minus the writer's
   */
  write(entry: PageEntry, shiftMs: number): boolean {
    const cells = this.#cells;
    const text = textOf(entry);
    const textBytes = Buffer.byteLength(text);
    const { leases, dropped } = entry;
    let at = this.#at;
    if (at + cellsOf(entry, textBytes) > cells.length) return false;
    cells[at++] = leases.length;
    cells[at++] = dropped.length;
    cells[at++] = textBytes;
    for (const { token, leaseUntil, renewableUntil, lastBeatAt } of leases) {
      cells[at++] = token;
      cells[at++] = leaseUntil + shiftMs;
      cells[at++] = renewableUntil + shiftMs;
      cells[at++] = lastBeatAt + shiftMs;
    }
    for (const token of dropped) cells[at++] = token;
    this.#bytes.write(text, at * CELL_BYTES);
    this.#at = at + Math.ceil(textBytes / CELL_BYTES);
    Atomics.store(this.#end, 0, this.#at);
    return true;
  }

  /** What has been written since the last time. */
  read(): PageEntry[] {
    const entries: PageEntry[] = [];
    const end = Atomics.load(this.#end, 0);
    while (this.#at < end) entries.push(this.#next());
    return entries;
  }

  #next(): PageEntry {
    const cell = (): number => this.#cells[this.#at++] as number;
    const [leaseCount, droppedCount, textBytes] = [cell(), cell(), cell()];
    const textAt = (this.#at + leaseCount * LEASE_CELLS + droppedCount) * CELL_BYTES;
    const ids = this.#bytes.toString('utf8', textAt, textAt + textBytes).split(SEPARATOR);
    const leases = Array.from({ length: leaseCount }, (_, index) => {
      const id = ids[index] as string;
      return { id, token: cell(), leaseUntil: cell(), renewableUntil: cell(), lastBeatAt: cell() };
    });
    const dropped = Array.from({ length: droppedCount }, cell);
    this.#at += Math.ceil(textBytes / CELL_BYTES);
    return { leases, dropped };
  }
}

const SEPARATOR = '\n';
const textOf = ({ leases }: PageEntry): string => leases.map(({ id }) => id).join(SEPARATOR);
const cellsOf = ({ leases, dropped }: PageEntry, textBytes: number): number =>
  HEAD_CELLS + leases.length * LEASE_CELLS + dropped.length + Math.ceil(textBytes / CELL_BYTES);

// What the steps of one transaction leave behind besides their rows: counts, numbers of the store, events. It is written
// once, at the end of the transaction, for all of its steps; a step that reads one of these tables has it written before.
import type { Database } from './database.ts';
import { EventText, type EventTuple } from './event-text.ts';
import { STATUS_CODES } from './status.ts';
import type { Memory } from './step.ts';

/** Numbers of types are below it, so that (facet, type, status) fits one exact number. */
const TYPES_MAX = 2 ** 24;
const MINUTE_MS = 60_000;

export class Gathered {
  readonly #db: Database;
  readonly #memory: Memory;
  readonly #events = new EventText();
  readonly #counts = new Map<number, number>();
  readonly #happened = new Map<string, number>();
  #minute = 0;
  #stateChanged = false;

  constructor(db: Database, memory: Memory) {
    this.#db = db;
    this.#memory = memory;
  }

  stateChanged(): void {
    this.#stateChanged = true;
  }

  event(event: EventTuple): void {
    this.#events.add(event);
  }

  /** Moves a count of (facet, type, status); facet 0 is "all tasks". */
  count(facetId: number, typeId: number, status: number, by: 1 | -1): void {
    const key = (facetId * TYPES_MAX + typeId) * STATUS_CODES.length + status;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  happened(name: string, now: number): void {
    const minute = now - (now % MINUTE_MS);
    if (minute !== this.#minute) {
      this.#writeHappened();
      this.#minute = minute;
    }
    this.#happened.set(name, (this.#happened.get(name) ?? 0) + 1);
  }

  write(): void {
    this.#writeCounts();
    this.#writeHappened();
    if (!this.#events.isEmpty) {
      this.#db.run('INSERT INTO outbox (events) VALUES (?)', this.#events.take());
      this.#stateChanged = true;
    }
    if (!this.#stateChanged) return;
    const { accepted, purged, token, clockHigh } = this.#memory;
    this.#db.run(
      'UPDATE state SET accepted = ?, purged = ?, token = ?, clock_high = ?',
      accepted,
      purged,
      token,
      clockHigh,
    );
    this.#stateChanged = false;
  }

  #writeCounts(): void {
    for (const [key, n] of this.#counts) {
      if (n === 0) continue;
      const status = key % STATUS_CODES.length;
      const typeId = ((key - status) / STATUS_CODES.length) % TYPES_MAX;
      const facetId = Math.floor(key / STATUS_CODES.length / TYPES_MAX);
      this.#db.run(
        `INSERT INTO counter VALUES (?1, ?2, ?3, max(0, ?4)) ON CONFLICT DO UPDATE SET n = n + ?4`,
        facetId,
        typeId,
        status,
        n,
      );
    }
    this.#counts.clear();
  }

  #writeHappened(): void {
    const sql = 'INSERT INTO minute VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n';
    for (const [name, n] of this.#happened) this.#db.run(sql, this.#minute, name, n);
    this.#happened.clear();
  }
}

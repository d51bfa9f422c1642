// One step: everything an operation may use, and what it leaves behind (events, counts, signals).
// `Memory` is what the store remembers between steps; it is only a copy and is read anew after a rollback.
import type { CanceledLease, Signal, StoreSettings } from '../../ports/task-store.ts';
import type { Database } from './database.ts';
import type { EventTuple } from './event-text.ts';
import type { Gathered } from './gathered.ts';
import { HeldSlots } from './held-slots.ts';
import { facedLimits } from './slots.ts';

export const LEASE_NONE = 0;
export const LEASE_HELD = 1;
export const LEASE_OVER = 2;

export const PAGE = 500;

/**
 * What the claim knew of a running task, by token, so that the success of an attempt that nothing happened to in between
 * needs no look at the row. A cancel request and a progress report, which change the row, take it away; a lease that was
 * renewed since only makes it seem to end too early. Whoever does not find it here reads the row.
 */
export interface Run {
  readonly id: string;
  readonly seq: number;
  readonly typeId: number;
  readonly leaseEnds: number;
  readonly version: number;
  readonly retry: number;
  readonly workerId: string;
  readonly limits: string | null;
  readonly keyId: number | null;
  readonly facets: string | null;
}

export class Memory {
  accepted = 0;
  purged = 0;
  token = 0;
  clockHigh = 0;
  /** The largest id of all tasks; empty: there are none. */
  lastId = '';
  /** Nothing comes due, times out or expires before; minus infinity: not known, look. */
  nextTimeAt = Number.NEGATIVE_INFINITY;
  readonly typeIds = new Map<string, number>();
  readonly typeNames = new Map<number, string>();
  readonly operatorLimits = new Map<string, number>();
  /** Keys that some lane is parked on; saves a look-up per settled task. */
  readonly parkedKeys = new Set<string>();
  /** Nodes that an operator wants to take nothing new. */
  readonly drained = new Set<string>();
  readonly facetIds = new Map<string, number>();
  held = new HeldSlots();
  readonly runs = new Map<number, Run>();

  load(db: Database): void {
    const row = db.row<[number, number, number, number]>('SELECT accepted, purged, token, clock_high FROM state');
    [this.accepted, this.purged, this.token, this.clockHigh] = row ?? [0, 0, 0, 0];
    this.lastId = db.row<[string | null]>('SELECT max(id) FROM task')?.[0] ?? '';
    this.nextTimeAt = Number.NEGATIVE_INFINITY;
    this.typeIds.clear();
    this.typeNames.clear();
    for (const [id, name] of db.rows<[number, string]>('SELECT type_id, name FROM type')) {
      this.typeIds.set(name, id);
      this.typeNames.set(id, name);
    }
    this.operatorLimits.clear();
    for (const [key, max] of db.rows<[string, number]>('SELECT key, max FROM operator_limit')) {
      this.operatorLimits.set(key, max);
    }
    this.parkedKeys.clear();
    for (const [key] of db.rows<[string]>('SELECT DISTINCT parked_on FROM lane WHERE parked_on IS NOT NULL')) {
      this.parkedKeys.add(key);
    }
    this.drained.clear();
    for (const [id] of db.rows<[string]>('SELECT id FROM node WHERE drain = 1')) this.drained.add(id);
    this.facetIds.clear();
    this.held = this.heldIn(db);
    this.runs.clear();
  }

  /** What `held` must be: the slots of the leases that are held. */
  heldIn(db: Database): HeldSlots {
    const held = new HeldSlots();
    const rows = db.rows<[number, number, number, string | null]>(
      `SELECT seq, type_id, token, limits FROM task WHERE lease = ${LEASE_HELD}`,
    );
    for (const [seq, typeId, token, limits] of rows) {
      held.take(facedLimits(this.typeNames.get(typeId) ?? '', limits), seq, token);
    }
    return held;
  }
}

export class Step {
  readonly db: Database;
  readonly settings: StoreSettings;
  readonly memory: Memory;
  readonly now: number;
  /** Something may have come due, timed out or expired by now. */
  readonly isTimeUp: boolean;

  readonly #gathered: Gathered;
  readonly #workTypes = new Set<string>();
  readonly #cancels = new Map<string, CanceledLease[]>();
  #timerMs: number | null = null;
  #hasEvents = false;

  constructor(db: Database, settings: StoreSettings, memory: Memory, now: number, gathered: Gathered) {
    this.db = db;
    this.settings = settings;
    this.memory = memory;
    this.now = now;
    this.isTimeUp = now >= memory.nextTimeAt;
    this.#gathered = gathered;
  }

  typeName(typeId: number): string {
    const name = this.memory.typeNames.get(typeId);
    if (name === undefined) throw new Error(`type ${typeId} is not known`);
    return name;
  }

  /** The type's number, given on first use. */
  typeId(name: string): number {
    const known = this.memory.typeIds.get(name);
    if (known !== undefined) return known;
    const [id] = this.db.row<[number]>('INSERT INTO type (name) VALUES (?) RETURNING type_id', name) ?? [0];
    this.memory.typeIds.set(name, id);
    this.memory.typeNames.set(id, name);
    return id;
  }

  nextToken(): number {
    return this.nextTokens(1);
  }

  /** The first of so many that follow each other. */
  nextTokens(count: number): number {
    this.#gathered.stateChanged();
    const first = this.memory.token + 1;
    this.memory.token += count;
    return first;
  }

  acceptedOne(): number {
    this.#gathered.stateChanged();
    return ++this.memory.accepted;
  }

  purgedSome(n: number): void {
    this.#gathered.stateChanged();
    this.memory.purged += n;
  }

  /** How many tasks there are of each (type, status) under a facet. */
  counted(facetId: number): { typeId: number; status: number; n: number }[] {
    this.writeGathered();
    return this.db
      .rows<[number, number, number]>('SELECT type_id, status, n FROM counter WHERE facet_id = ? AND n > 0', facetId)
      .map(([typeId, status, n]) => ({ typeId, status, n }));
  }

  /** Moves a count of (facet, type, status); facet 0 is "all tasks". */
  count(facetId: number, typeId: number, status: number, by: 1 | -1): void {
    this.#gathered.count(facetId, typeId, status, by);
  }

  happened(name: string): void {
    this.#gathered.happened(name, this.now);
  }

  event(event: EventTuple): void {
    this.#hasEvents = true;
    this.#gathered.event(event);
  }

  /** Before a read of counters, minutes, the outbox or the state: makes what was gathered so far visible to it. */
  writeGathered(): void {
    this.#gathered.write();
  }

  work(type: string): void {
    this.#workTypes.add(type);
  }

  cancelAt(nodeId: string, lease: CanceledLease): void {
    const list = this.#cancels.get(nodeId);
    if (list) list.push(lease);
    else this.#cancels.set(nodeId, [lease]);
  }

  /** Something happens by itself at that time: every write of such a time says so here. */
  dueAt(at: number): void {
    if (at < this.memory.nextTimeAt) this.memory.nextTimeAt = at;
    const inMs = Math.max(0, at - this.now);
    if (this.#timerMs === null || inMs < this.#timerMs) this.#timerMs = inMs;
  }

  signals(): Signal[] {
    const signals: Signal[] = [];
    if (this.#workTypes.size > 0) signals.push({ kind: 'work', types: [...this.#workTypes] });
    for (const [nodeId, leases] of this.#cancels) signals.push({ kind: 'cancel', nodeId, leases });
    if (this.#timerMs !== null) signals.push({ kind: 'timer', inMs: this.#timerMs });
    if (this.#hasEvents) signals.push({ kind: 'outbox' });
    return signals;
  }
}

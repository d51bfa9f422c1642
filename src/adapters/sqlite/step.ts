// One atomic step: everything an operation may use and what it leaves behind (events, counts, signals).
// `Memory` is what the store remembers between steps; it is only a copy and is read anew after a rollback.
import type { TaskErrorCode } from '../../domain/errors.ts';
import type { Status } from '../../domain/task.ts';
import type { CanceledLease, Signal, StoreSettings } from '../../ports/task-store.ts';
import type { Database } from './database.ts';
import { HeldSlots } from './held-slots.ts';
import { facedLimits } from './slots.ts';

export const STATUS_CODES: readonly Status[] = ['pending', 'processing', 'success', 'failed', 'canceled', 'timeout'];
export const PENDING = 0;
export const PROCESSING = 1;
export const SUCCESS = 2;
export const FAILED = 3;
export const CANCELED = 4;
export const TIMEOUT = 5;

/** Where a task is listed: everything that is not final together. */
export function stageOf(status: number): number {
  return status < SUCCESS ? PENDING : status;
}

export const LEASE_NONE = 0;
export const LEASE_HELD = 1;
export const LEASE_OVER = 2;

export const PAGE = 500;

/** Numbers of types are below it, so that (facet, type, status) fits one exact number. */
const TYPES_MAX = 2 ** 24;

/** What the outbox keeps of an event, in this order, to be small. */
export type EventTuple = [
  kind: 0 | 1,
  taskId: string,
  type: string,
  status: number,
  version: number,
  at: number,
  retry: number,
  workerId: string | null,
  error: string | null,
  errorCode: TaskErrorCode | null,
  progress: string | null,
  cancelRequested: 0 | 1,
];

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

  /** JSON of an `EventTuple` each. */
  readonly events: string[] = [];
  readonly #counts = new Map<number, number>();
  readonly #minute = new Map<string, number>();
  readonly #workTypes = new Set<string>();
  readonly #cancels = new Map<string, CanceledLease[]>();
  #timerMs: number | null = null;
  #stateChanged = false;

  constructor(db: Database, settings: StoreSettings, memory: Memory, now: number) {
    this.db = db;
    this.settings = settings;
    this.memory = memory;
    this.now = now;
    this.isTimeUp = now >= memory.nextTimeAt;
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
    this.#stateChanged = true;
    return ++this.memory.token;
  }

  acceptedOne(): number {
    this.#stateChanged = true;
    return ++this.memory.accepted;
  }

  purgedSome(n: number): void {
    this.#stateChanged = true;
    this.memory.purged += n;
  }

  /** How many tasks there are of each (type, status) under a facet. */
  counted(facetId: number): { typeId: number; status: number; n: number }[] {
    this.flushCounts();
    return this.db
      .rows<[number, number, number]>('SELECT type_id, status, n FROM counter WHERE facet_id = ? AND n > 0', facetId)
      .map(([typeId, status, n]) => ({ typeId, status, n }));
  }

  /** Moves a count of (facet, type, status); facet 0 is "all tasks". */
  count(facetId: number, typeId: number, status: number, by: 1 | -1): void {
    const key = (facetId * TYPES_MAX + typeId) * STATUS_CODES.length + status;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  happened(name: string): void {
    this.#minute.set(name, (this.#minute.get(name) ?? 0) + 1);
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

  /** Makes what was counted in this step visible to its own reads. */
  flushCounts(): void {
    for (const [key, n] of this.#counts) {
      if (n === 0) continue;
      const status = key % STATUS_CODES.length;
      const typeId = ((key - status) / STATUS_CODES.length) % TYPES_MAX;
      const facetId = Math.floor(key / STATUS_CODES.length / TYPES_MAX);
      this.db.run(
        `INSERT INTO counter VALUES (?, ?, ?, max(0, ?)) ON CONFLICT DO UPDATE SET n = n + ?`,
        facetId,
        typeId,
        status,
        n,
        n,
      );
    }
    const minute = this.now - (this.now % 60_000);
    for (const [name, n] of this.#minute) {
      this.db.run('INSERT INTO minute VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n', minute, name, n);
    }
    this.#counts.clear();
    this.#minute.clear();
  }

  /** Writes what the step collected. Last thing before it is kept. */
  finish(): void {
    this.flushCounts();
    if (this.events.length > 0) {
      this.db.run('INSERT INTO outbox (events) VALUES (?)', `[${this.events.join(',')}]`);
    }
    if (this.#stateChanged || this.events.length > 0) {
      const { accepted, purged, token } = this.memory;
      this.db.run(
        'UPDATE state SET accepted = ?, purged = ?, token = ?, clock_high = ?',
        accepted,
        purged,
        token,
        this.now,
      );
    }
  }

  signals(): Signal[] {
    const signals: Signal[] = [];
    if (this.#workTypes.size > 0) signals.push({ kind: 'work', types: [...this.#workTypes] });
    for (const [nodeId, leases] of this.#cancels) signals.push({ kind: 'cancel', nodeId, leases });
    if (this.#timerMs !== null) signals.push({ kind: 'timer', inMs: this.#timerMs });
    if (this.events.length > 0) signals.push({ kind: 'outbox' });
    return signals;
  }
}

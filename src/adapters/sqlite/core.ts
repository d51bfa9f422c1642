// The store itself, synchronous: runs calls in transactions. Calls that arrive together share one transaction and so one
// fsync (group commit); each is still atomic by itself: a group in which one fails is undone and run again with savepoints.
import type { Clock } from '../../ports/clock.ts';
import type { Signal, StoreSettings } from '../../ports/task-store.ts';
import { type Database, storeFault } from './database.ts';
import { Gathered } from './gathered.ts';
import { type Call, DURABLE, OPERATIONS, type OperationName, type OperationResult } from './operations.ts';
import { LEASE_HELD, Memory, Step } from './step.ts';
import { endLeases, nextTimeAt } from './waiting.ts';

export type Answer =
  | { readonly ok: true; readonly value: OperationResult<OperationName> }
  | { readonly ok: false; readonly error: unknown };

export class SqliteCore {
  readonly #db: Database;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #settings: StoreSettings;
  readonly #durability: 'syncs' | 'caller_syncs';
  readonly #memory = new Memory();
  #lastCallAt = 0;
  /** Time of the last call before writing began to fail; `null` while it works. */
  #failingSince: number | null = null;

  /** @param durability whether a commit waits for the disk itself, or the caller does before it tells anybody */
  constructor(
    db: Database,
    clock: Pick<Clock, 'now'>,
    settings: StoreSettings,
    durability: 'syncs' | 'caller_syncs' = 'syncs',
  ) {
    this.#db = db;
    this.#durability = durability;
    this.#clock = clock;
    this.#settings = settings;
    this.#memory.load(db);
    this.#takeBackLeases();
  }

  /** Runs the calls in order in one transaction. Signals are for after the commit. */
  run(calls: readonly Call[]): { answers: Answer[]; signals: Signal[] } {
    const before = this.#lastCallAt;
    try {
      try {
        return this.#transaction(calls, (call, signals, gathered) => ({
          ok: true,
          value: this.#apply(call, signals, gathered),
        }));
      } catch (error) {
        if (storeFault(error) !== error) throw error;
        // One of them failed by itself. Savepoints cost each group that is well, so only now each call gets one.
        this.#rollBack('ROLLBACK');
        this.#lastCallAt = before;
        return this.#transaction(calls, (call, signals) => this.#applyApart(call, signals));
      }
    } catch (error) {
      this.#rollBack('ROLLBACK');
      const fault = storeFault(error);
      if (fault !== error) this.#failingSince ??= before;
      return { answers: calls.map(() => ({ ok: false, error: fault })), signals: [] };
    }
  }

  close(): void {
    this.#db.close();
  }

  #transaction(
    calls: readonly Call[],
    answer: (call: Call, signals: Signal[], gathered: Gathered) => Answer,
  ): { answers: Answer[]; signals: Signal[] } {
    const changes = this.#changes();
    const syncs = this.#durability === 'syncs' && calls.some(({ name }) => DURABLE.has(name));
    this.#db.syncOnCommit(syncs ? 'full' : 'normal');
    this.#db.run('BEGIN');
    const signals: Signal[] = [];
    const gathered = new Gathered(this.#db, this.#memory);
    const answers = calls.map((call) => answer(call, signals, gathered));
    gathered.write();
    this.#db.run('COMMIT');
    if (this.#changes() > changes) this.#failingSince = null;
    return { answers, signals };
  }

  /** So that a call that fails by itself takes nothing of the others with it. */
  #applyApart(call: Call, signals: Signal[]): Answer {
    const before = this.#lastCallAt;
    this.#db.run('SAVEPOINT call');
    try {
      const gathered = new Gathered(this.#db, this.#memory);
      const value = this.#apply(call, signals, gathered);
      gathered.write();
      this.#db.run('RELEASE call');
      return { ok: true, value };
    } catch (error) {
      // A full disk or a broken file fails everybody in this transaction: nothing of it may be acknowledged.
      if (storeFault(error) !== error) throw error;
      this.#rollBack('ROLLBACK TO call');
      this.#db.run('RELEASE call');
      // If it was the first after a pause, the next one has to notice.
      this.#lastCallAt = before;
      return { ok: false, error };
    }
  }

  #apply(call: Call, signals: Signal[], gathered: Gathered): OperationResult<OperationName> {
    const step = new Step(this.#db, this.#settings, this.#memory, this.#now(), gathered);
    this.#noticeStall(step);
    if (step.isTimeUp) endLeases(step);
    const operation = OPERATIONS[call.name] as (step: Step, ...args: unknown[]) => OperationResult<OperationName>;
    const value = operation(step, ...call.args);
    if (step.isTimeUp) this.#memory.nextTimeAt = nextTimeAt(step) ?? Number.POSITIVE_INFINITY;
    signals.push(...step.signals());
    return value;
  }

  #rollBack(statement: 'ROLLBACK' | 'ROLLBACK TO call'): void {
    try {
      this.#db.run(statement);
    } catch {
      // SQLite has already rolled back by itself (disk full, I/O error): there is nothing left to undo.
    }
    this.#memory.load(this.#db);
  }

  /** Rows changed since the file was opened. Asked for only while writing fails: a commit that wrote nothing proves nothing. */
  #changes(): number {
    return this.#failingSince === null ? 0 : (this.#db.row<[number]>('SELECT total_changes()')?.[0] ?? 0);
  }

  /** The store's time never goes back, not even over a restart. */
  #now(): number {
    this.#memory.clockHigh = Math.max(this.#memory.clockHigh, this.#clock.now());
    return this.#memory.clockHigh;
  }

  /** After a pause of the whole process, or of its disk, nobody could renew: who held a lease before it gets one more. */
  #noticeStall(step: Step): void {
    const before = this.#lastCallAt;
    this.#lastCallAt = step.now;
    const { stallMs } = this.#settings;
    const hasStalled = stallMs > 0 && before > 0 && step.now - before > stallMs;
    if (this.#failingSince !== null) {
      // Only those that would end now: what needs no write must go on while the disk is full.
      this.#giveOneMore(step, this.#failingSince, step.now);
    } else if (hasStalled) this.#giveOneMore(step, before, Number.MAX_SAFE_INTEGER);
  }

  /** @param endsBy leases that last longer are left as they are */
  #giveOneMore(step: Step, aliveAt: number, endsBy: number): void {
    const until = step.now + this.#settings.leaseMs;
    const which = 'BETWEEN ? + 1 AND ?';
    this.#db.run(
      `UPDATE task SET lease_ends = ? WHERE lease = ${LEASE_HELD} AND lease_ends ${which}`,
      until,
      aliveAt,
      endsBy,
    );
    this.#db.run(`UPDATE draining_slot SET drain_until = ? WHERE drain_until ${which}`, until, aliveAt, endsBy);
    step.dueAt(until);
  }

  /** One process owns the file, so whatever was running when it is opened runs no more. */
  #takeBackLeases(): void {
    this.#db.script(`BEGIN;
      UPDATE task SET lease_ends = 0 WHERE lease = ${LEASE_HELD};
      UPDATE draining_slot SET drain_until = 0;
      DELETE FROM hold;
      DELETE FROM node;
      COMMIT`);
  }
}

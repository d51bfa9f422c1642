// One attempt at one task, from the claim to the real end of its handler: what state it is in and when something about
// it is due. It decides nothing about the task; that is the domain's part, asked by the pool.
import type { Task } from '../domain/task.ts';
import type { Lease, LeaseRef } from '../ports/task-store.ts';
import { type AbortCause, type Handler, HandlerAborted, type HandlerSignal } from './handler.ts';
import type { HandlerLock } from './held-lock.ts';

/**
 * `waiting`: claimed, not started. `running`: the handler runs and will be settled by its end. `forced`: settled without
 * waiting for the handler, which still runs. `lost`: the lease is gone, the handler still runs, nothing will be settled.
 * `ended`: no handler runs.
 */
export type AttemptState = 'waiting' | 'running' | 'forced' | 'lost' | 'ended';

/** A forced outcome is sent this share of the grace early: at the grace's end the lease is over and the store refuses. */
const FORCE_EARLY_SHARE = 0.1;
const FORCE_EARLY_MS_MAX = 1000;

/**
 * The pool looks at a lease this long before its end, so that it can tell an end that comes because renewals fail (seen
 * coming) from one that passed while the process stood still (not seen).
 */
const LOOK_AHEAD_MS = 100;
/** After a standstill the keeper has this long to hear from the store what became of the lease. */
const SECOND_LOOK_MS = 500;

/** When several causes meet, the strongest says how the attempt ended. */
const STRENGTH: Readonly<Record<AbortCause, number>> = { shutdown: 1, process_timeout: 2, canceled: 3, lease_lost: 4 };

export class Attempt implements LeaseRef {
  readonly id: string;
  readonly token: number;
  readonly task: Task;
  readonly handler: Handler;
  /** Monotonic, as all times here; `Infinity` = none. */
  readonly deadlineAt: number;
  readonly renewableUntil: number;
  /** Latest instant at which a forced outcome still reaches the store before the lease is over for good. */
  readonly forceLatestAt: number;
  /** See `HeldLease.lastBeatAt`. After the forced outcome, so that it is needed only when nobody could force. */
  readonly lastBeatAt: number;
  leaseUntil: number;
  /** When the process deadline must be told to the handler; `Infinity` once that is done. */
  tellDeadlineAt: number;
  /** When the outcome is recorded whatever the handler does. */
  forceAt = Number.POSITIVE_INFINITY;
  state: AttemptState = 'waiting';
  cause: AbortCause | null = null;
  locks: Set<HandlerLock> | null = null;
  #abort: AbortController | null = null;
  /** Why the handler was told to stop. */
  #told: HandlerAborted | null = null;
  /** The end of the lease that was seen coming. */
  #foreseenEnd = Number.NEGATIVE_INFINITY;

  /** @param sentAt from before the claim was sent: the store cannot have counted from earlier than that */
  constructor(task: Task, lease: Lease, handler: Handler, sentAt: number, cancelGraceMs: number) {
    this.id = lease.id;
    this.token = lease.token;
    this.task = task;
    this.handler = handler;
    this.leaseUntil = sentAt + lease.remainingMs;
    this.deadlineAt = lease.processRemainingMs === null ? Number.POSITIVE_INFINITY : sentAt + lease.processRemainingMs;
    this.tellDeadlineAt = this.deadlineAt;
    this.renewableUntil = this.deadlineAt + cancelGraceMs;
    const earlyMs = Math.min(FORCE_EARLY_MS_MAX, cancelGraceMs * FORCE_EARLY_SHARE);
    this.forceLatestAt = this.renewableUntil - earlyMs;
    this.lastBeatAt = this.renewableUntil - earlyMs / 2;
  }

  /** Made on demand: most handlers of short tasks never look at it. */
  get signal(): HandlerSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#told !== null) this.#abort.abort(this.#told);
    }
    return this.#abort.signal;
  }

  /**
   * The handler sees the first cause; a stronger one that comes later changes only how the attempt is recorded.
   * @param cancelReason what the cancel gave as its reason
   */
  abort(cause: AbortCause, cancelReason: string | null = null): void {
    if (this.cause === null || STRENGTH[cause] > STRENGTH[this.cause]) this.cause = cause;
    if (this.#told !== null) return;
    this.#told = new HandlerAborted(cause, cancelReason);
    this.#abort?.abort(this.#told);
  }

  /** Whether the lease is over. An end that nobody saw coming is put off a little: the store may have stood still too. */
  isLeaseOver(now: number): boolean {
    if (now < this.leaseUntil - LOOK_AHEAD_MS) return false;
    const isOver = this.leaseUntil <= now;
    if (isOver && this.#foreseenEnd === this.leaseUntil) return true;
    if (isOver) this.leaseUntil = now + SECOND_LOOK_MS;
    this.#foreseenEnd = this.leaseUntil;
    return false;
  }

  /** The next instant at which something must be done about it. */
  get dueAt(): number {
    if (this.state !== 'running' && this.state !== 'waiting') return Number.POSITIVE_INFINITY;
    const lookAt = this.#foreseenEnd === this.leaseUntil ? this.leaseUntil : this.leaseUntil - LOOK_AHEAD_MS;
    return Math.min(lookAt, this.forceAt, this.tellDeadlineAt);
  }
}

// What the rules need from the place where tasks live. One method = one SQL transaction = one Lua script: each is
// atomic, takes a batch, writes its events to the outbox in the same step, and judges time by the store's own clock.
// Refusals (stale lease, unknown id, ...) are values in the reply; a `StoreUnavailable` is thrown for faults, after
// which nothing of the call took effect or repeating it is harmless.
import type { Outcome } from '../domain/outcome.ts';
import type { FinalStatus, JsonText, Status, Task, TaskSpec, TaskWithAttempts } from '../domain/task.ts';
import type { LockStore } from './lock-store.ts';
import type { LogStore } from './log-store.ts';
import type { OutboxReader } from './outbox.ts';
import type { LogPosition } from './task-log.ts';

/** Rules that are the same for every call; given once when the store is opened. All in milliseconds. */
export interface StoreSettings {
  readonly leaseMs: number;
  /** A lease is never renewed past its process deadline plus this. */
  readonly cancelGraceMs: number;
  /** Upper bound for a slot that outlives its task's attempt (`handler: 'running'` in a settlement). */
  readonly semaphoreExpirationMs: number;
  readonly retentionMs: number;
  /** How long an `Idempotency-Key` is remembered. */
  readonly idempotencyMs: number;
  /** A pause of the store longer than this (stall, forward jump) gives every lease one more lease; 0 = off. */
  readonly stallMs: number;
}

export interface TaskStore extends OutboxReader {
  readonly kind: 'embedded' | 'redis';
  /** What an acknowledged submit survives. */
  readonly durability: 'fsync' | 'process' | 'memory';
  /** Locks and semaphores for users, kept in the same place. */
  readonly locks: LockStore;
  /** Lines that handlers say, kept in the same place. */
  readonly logs: LogStore;

  // --- life of a task -------------------------------------------------------------------------------------------
  submit(batch: readonly Submission[]): Promise<SubmitReply[]>;
  claim(request: ClaimRequest): Promise<Claimed[]>;
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply[]>;
  /** Records outcomes. The slots of a task are freed in the same step unless its handler still runs. */
  settle(batch: readonly Settlement[]): Promise<SettleReply[]>;
  /** Frees slots that a forced settlement left with a handler that did not stop then and has stopped now. */
  release(batch: readonly LeaseRef[]): Promise<void>;
  progress(batch: readonly ProgressReport[]): Promise<ProgressReply[]>;
  cancel(batch: readonly CancelRequest[]): Promise<CancelReply[]>;
  /** Puts failed, canceled and timed out tasks back to pending with `retry` 0. */
  revive(ids: readonly string[]): Promise<ReviveReply[]>;

  // --- sweeps: pages of at most `limit`; none needs handler code ------------------------------------------------
  /** Makes due tasks ready, ends waits that took too long, frees expired slots. */
  sweepTimers(limit: number): Promise<TimerSweep>;
  /** Running tasks whose lease is over; to be settled with `by: 'sweeper'`. */
  lostLeases(limit: number): Promise<LostLease[]>;
  /** Forgets final tasks older than the retention, old idempotency keys and nodes. */
  purge(limit: number): Promise<PurgeSweep>;
  /** Looks for what should be impossible and, with `repair`, mends it. Empty when all is well. */
  audit(mode: 'report' | 'repair'): Promise<AuditFinding[]>;

  // --- reads ----------------------------------------------------------------------------------------------------
  /** In order of `ids`; `null` for an unknown one. */
  get(ids: readonly string[]): Promise<(TaskWithAttempts | null)[]>;
  list(query: ListQuery): Promise<TaskPage>;
  stats(): Promise<StoreStats>;
  concurrency(): Promise<KeyState[]>;
  nodes(): Promise<NodeState[]>;

  // --- operators and nodes --------------------------------------------------------------------------------------
  /** An operator's limit wins over what tasks ask; 0 pauses the key; `null` takes it away. Evicts nobody. */
  setLimit(key: string, max: number | null): Promise<void>;
  reportNode(report: NodeReport): Promise<void>;
  forgetNode(nodeId: string): Promise<void>;
  /** `drain`: the node is given nothing new, whatever it asks for; what it runs goes on. `work`: it is given work again. */
  setDrain(nodeId: string, wish: DrainWish): Promise<{ readonly state: 'done' | 'not_found' }>;

  // --- signals --------------------------------------------------------------------------------------------------
  /** Hints only: each may be lost, doubled or late. Heartbeat answers and slow polls are the safety net. */
  onSignal(listener: (signal: Signal) => void): () => void;
  /** Cheap round trip; throws `StoreUnavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface Submission {
  readonly spec: TaskSpec;
  /** Due this long after acceptance, or at this instant (Unix ms), whichever is given; an instant in the past is now. */
  readonly due: { readonly afterMs: number } | { readonly at: number };
  /** `fingerprint` is a digest of the body: the same key with another one is a conflict. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
  /** Where the log has it, if it was not read from there: it is not purged before the log was read past it. */
  readonly record?: LogPosition;
}

export type SubmitReply =
  /** `exists`: a task with this id is already there (a repeated call). `replayed`: the idempotency key names it. */
  { readonly state: 'created' | 'exists' | 'replayed'; readonly task: Task } | { readonly state: 'conflict' };

export interface ClaimRequest {
  /** Unique per call; the same call repeated after a lost reply answers the same leases. */
  readonly requestId: string;
  readonly nodeId: string;
  /** Only tasks of these types. */
  readonly types: readonly string[];
  readonly count: number;
}

/** Names one claim of one task. Checked by every later write. */
export interface LeaseRef {
  readonly id: string;
  /** Unique per claim. */
  readonly token: number;
}

export interface Lease extends LeaseRef {
  /** Store time, Unix ms. */
  readonly expiresAt: number;
  /** Store time left when the claim was made; a node counts from before it sent the claim. */
  readonly remainingMs: number;
  /** When this attempt must be over, as time left; `null` = no limit. */
  readonly processRemainingMs: number | null;
}

export interface Claimed {
  readonly task: Task;
  readonly lease: Lease;
}

export interface HeartbeatRequest {
  readonly nodeId: string;
  readonly leases: readonly LeaseRef[];
}

export type HeartbeatReply =
  | {
      readonly state: 'held';
      readonly remainingMs: number;
      readonly cancelRequested: boolean;
      /** What the request gave; left out: none. */
      readonly cancelReason?: string;
    }
  | { readonly state: 'lost' };

export interface Settlement extends LeaseRef {
  readonly outcome: Outcome;
  /** `running`: the outcome is forced while the handler goes on; its slots stay until `release` or the lease's end. */
  readonly handler: 'ended' | 'running';
  /** `holder`: the lease must still hold. `sweeper`: the lease must be over and not yet settled. */
  readonly by: 'holder' | 'sweeper';
}

export type SettleReply =
  /** Applied (also when the same settlement is repeated); the status it led to. */
  { readonly state: 'settled'; readonly status: Status } | { readonly state: 'lease_lost' };

export interface ProgressReport extends LeaseRef {
  readonly progress: JsonText;
}
export type ProgressReply = { readonly state: 'recorded' | 'lease_lost' };

export interface CancelRequest {
  readonly id: string;
  /** Ends up in the task's error; of several requests for a running task the first one counts. Left out: none. */
  readonly reason?: string;
}

export type CancelReply =
  | { readonly state: 'canceled' | 'cancel_requested' | 'already_canceled'; readonly task: Task }
  | { readonly state: 'already_finished'; readonly task: Task }
  | { readonly state: 'not_found' };

export type ReviveReply =
  | { readonly state: 'revived'; readonly task: Task }
  | { readonly state: 'not_retryable'; readonly task: Task }
  | { readonly state: 'not_found' };

export interface TimerSweep {
  readonly promoted: number;
  readonly timedOut: number;
  /** Store time left until the next thing is due (task, queue deadline, lease or slot end); 0 = more now; `null` = nothing. */
  readonly nextMs: number | null;
}

export interface LostLease extends LeaseRef {
  readonly workerId: string;
  /** The lease lasted to the process deadline plus grace with its node alive: the handler ran too long. */
  readonly pastDeadline: boolean;
  readonly facts: Pick<Task, 'retry' | 'maxRetry' | 'recoveries' | 'retryStrategy' | 'processTimeoutMs'>;
}

export interface PurgeSweep {
  readonly purged: number;
  /** Store time left until the next task can be purged; 0 = more now; `null` = nothing. */
  readonly nextMs: number | null;
}

export interface AuditFinding {
  /** Number of the invariant: `I1`, `S4`, `C1`, `R1` ... */
  readonly invariant: string;
  readonly detail: string;
  readonly repaired: boolean;
}

export interface ListQuery {
  readonly status?: Status;
  readonly type?: string;
  readonly tag?: string;
  readonly concurrencyKey?: string;
  /** Only tasks that this task's handler submitted. */
  readonly parentId?: string;
  /** Accepted at this instant or later; store time, Unix ms. */
  readonly createdFrom?: number;
  /** Accepted before this instant. Pages of a list that ends in the past stay put. */
  readonly createdBefore?: number;
  readonly limit: number;
  readonly offset: number;
  /** By acceptance: `desc` = newest first. */
  readonly order: 'asc' | 'desc';
}

export interface TaskPage {
  readonly tasks: readonly Task[];
  /** All that match, not only this page. */
  readonly total: number;
}

export type StatusCounts = Readonly<Record<Status, number>>;

export interface TypeStats extends StatusCounts {
  /** How long the longest waiting task has been due; 0 when none waits. */
  readonly oldestPendingMs: number;
  /** Runnable + running, without tasks that wait behind a full key. */
  readonly demand: number;
}

export interface StoreStats {
  readonly types: Readonly<Record<string, TypeStats>>;
  /** Since the store was made. accepted = the six statuses + purged, always. */
  readonly accepted: number;
  readonly purged: number;
  /** Newest last, at most the last 60 minutes, minutes without events left out. */
  readonly minutes: readonly MinuteCounts[];
}

/** What happened in one minute. `started` counts attempts. */
export interface MinuteCounts extends Readonly<Record<FinalStatus | 'submitted' | 'started' | 'retried', number>> {
  /** Start of the minute, Unix ms. */
  readonly at: number;
}

export interface KeyState {
  readonly key: string;
  readonly limit: number;
  readonly limitSource: 'operator' | 'task';
  readonly running: number;
  /** Ready tasks that name this key. */
  readonly waiting: number;
  readonly holders: readonly { readonly taskId: string; readonly workerId: string; readonly expiresAt: number }[];
}

export interface NodeReport {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: number;
  readonly types: readonly string[];
  readonly slots: number;
  readonly running: number;
  readonly draining: boolean;
}

export type DrainWish = 'drain' | 'work';

export interface NodeState extends NodeReport {
  /** It takes nothing new: because it says so itself, or because an operator asked for it. */
  readonly draining: boolean;
  /** An operator asked for it; lasts until that is undone or the node is forgotten. */
  readonly drainAsked: boolean;
  readonly lastHeartbeatAt: number;
  /** Heard of within one lease. */
  readonly live: boolean;
}

/** A lease whose task is to be canceled. */
export interface CanceledLease extends LeaseRef {
  /** What the request gave; left out: none. */
  readonly reason?: string;
}

export type Signal =
  /** Tasks of these types became ready, or room for them was made. */
  | { readonly kind: 'work'; readonly types: readonly string[] }
  /** A running task's cancel was requested. */
  | { readonly kind: 'cancel'; readonly nodeId: string; readonly leases: readonly CanceledLease[] }
  /** Something became due earlier than the last `nextMs` said. */
  | { readonly kind: 'timer'; readonly inMs: number }
  /** The outbox has new entries. */
  | { readonly kind: 'outbox' };

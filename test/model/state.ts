// What the reference model remembers, and the questions every call asks of it. Nothing is indexed, nothing is counted
// ahead: each question is answered by looking at every task, so that the answer is right by inspection.
import { typeKey } from '../../src/domain/concurrency.ts';
import type { TaskErrorCode } from '../../src/domain/errors.ts';
import type { AttemptOutcome, FinalStatus, Status, TaskSpec } from '../../src/domain/task.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Hold } from '../../src/ports/lock-store.ts';
import type { LogLine } from '../../src/ports/log-store.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';
import type { LeaseRef, NodeReport, Signal, StoreSettings } from '../../src/ports/task-store.ts';

export interface ModelLease {
  readonly token: number;
  endsAt: number;
  /** Process deadline; `null` = none. */
  readonly deadline: number | null;
}

export interface ModelAttempt {
  readonly attempt: number;
  readonly workerId: string;
  readonly startedAt: number;
  endedAt: number | null;
  outcome: AttemptOutcome | null;
  error: string | null;
  errorCode: TaskErrorCode | null;
}

export interface ModelTask {
  readonly spec: TaskSpec;
  /** Acceptance order. */
  readonly sequence: number;
  status: Status;
  dueAt: number;
  /** Whether a sweep or claim has made it ready; only `TimerSweep.promoted` wants to know. */
  promoted: boolean;
  retry: number;
  recoveries: number;
  readonly attempts: ModelAttempt[];
  lease: ModelLease | null;
  /** Token of the last settlement, when the holder made it: a repeat of it is answered, not refused. */
  settledToken: number | null;
  progress: string | null;
  result: string | null;
  error: string | null;
  errorCode: TaskErrorCode | null;
  workerId: string | null;
  cancelRequested: boolean;
  /** What the request to cancel gave; `null` = none given or none asked. */
  cancelReason: string | null;
  version: number;
  readonly createdAt: number;
  updatedAt: number;
  startedAt: number | null;
  completedAt: number | null;
  /** What its handlers said, as far as it is kept. */
  lines: LogLine[];
  linesSaid: number;
}

/** Slots that a forced settlement left with a handler that still runs. */
export interface Drain extends LeaseRef {
  readonly task: ModelTask;
  readonly workerId: string;
  endsAt: number;
}

export interface Holder {
  readonly task: ModelTask;
  readonly token: number;
  readonly workerId: string;
  readonly endsAt: number;
}
export type Occupied = ReadonlyMap<string, readonly Holder[]>;

export interface MinuteTally extends Record<FinalStatus | 'submitted' | 'started' | 'retried', number> {
  readonly at: number;
}

export class ModelState {
  readonly settings: StoreSettings;
  readonly #clock: Clock;
  now = 0;

  /** In acceptance order. */
  readonly tasks = new Map<string, ModelTask>();
  readonly idempotency = new Map<string, { fingerprint: string; id: string; until: number }>();
  readonly claims = new Map<string, { readonly leases: readonly LeaseRef[]; readonly at: number }>();
  drains: Drain[] = [];
  readonly operatorLimits = new Map<string, number>();
  readonly nodes = new Map<string, { report: NodeReport; heardAt: number; drain: boolean }>();
  readonly minutes: MinuteTally[] = [];
  holds: (Omit<Hold, 'remainingMs'> & { endsAt: number })[] = [];
  outbox: { readonly position: number; readonly events: readonly TaskEvent[] }[] = [];
  sequence = 0;
  token = 0;
  fence = 0;
  position = 0;
  accepted = 0;
  purged = 0;

  /** What the step under way has produced so far. */
  events: TaskEvent[] = [];
  signals: Signal[] = [];

  #lastCallAt: number | null = null;

  constructor(clock: Clock, settings: StoreSettings) {
    this.#clock = clock;
    this.settings = settings;
  }

  /** Every call starts here: time never goes back, and a stall gives what was alive before it one more lease. */
  begin(): void {
    this.now = Math.max(this.#clock.now(), this.now);
    const { stallMs, leaseMs } = this.settings;
    const last = this.#lastCallAt;
    this.#lastCallAt = this.now;
    if (stallMs === 0 || last === null || this.now - last <= stallMs) return;
    const leases = [...this.tasks.values()].flatMap(({ lease }) => (lease === null ? [] : [lease]));
    for (const one of [...leases, ...this.drains]) {
      if (one.endsAt > last) one.endsAt = Math.max(one.endsAt, this.now + leaseMs);
    }
  }

  all(status?: Status): ModelTask[] {
    const tasks = [...this.tasks.values()];
    return status === undefined ? tasks : tasks.filter((task) => task.status === status);
  }

  ready(): ModelTask[] {
    return this.all('pending').filter((task) => task.dueAt <= this.now && !this.waitIsOver(task));
  }

  waitIsOver(task: ModelTask): boolean {
    const deadline = queueDeadline(task);
    return task.status === 'pending' && deadline !== null && deadline <= this.now;
  }

  /** Who holds a slot of each key now: running tasks with a live lease, and handlers that still drain. */
  occupied(): Occupied {
    const running = this.all('processing').flatMap((task) =>
      task.lease === null
        ? []
        : [{ task, token: task.lease.token, workerId: task.workerId ?? '', endsAt: task.lease.endsAt }],
    );
    const live = [...running, ...this.drains].filter(({ endsAt }) => endsAt > this.now);
    const occupied = new Map<string, Holder[]>();
    for (const holder of live) {
      for (const key of keysOf(holder.task)) {
        const holders = occupied.get(key);
        if (holders) holders.push(holder);
        else occupied.set(key, [holder]);
      }
    }
    return occupied;
  }

  /** No room for this task: as many hold the key as the operator allows, or else as the task itself wants. */
  isFull(task: ModelTask, key: string, occupied: Occupied): boolean {
    const own = task.spec.limits.find((limit) => limit.key === key)?.max ?? Number.POSITIVE_INFINITY;
    return (occupied.get(key)?.length ?? 0) >= (this.operatorLimits.get(key) ?? own);
  }

  admitted(task: ModelTask, occupied: Occupied): boolean {
    return keysOf(task).every((key) => !this.isFull(task, key, occupied));
  }

  isLive(node: { readonly heardAt: number }): boolean {
    return node.heardAt + this.settings.leaseMs > this.now;
  }

  /** The task whose running attempt has this token and whose lease is not over. */
  held({ id, token }: LeaseRef): (ModelTask & { lease: ModelLease }) | null {
    const task = this.tasks.get(id);
    return task && isRunning(task) && task.lease.token === token && task.lease.endsAt > this.now ? task : null;
  }

  /** Furthest that a renewal at this instant may move the end of a lease. */
  leaseEnd(deadline: number | null): number {
    const { leaseMs, cancelGraceMs } = this.settings;
    return Math.min(this.now + leaseMs, deadline === null ? Number.POSITIVE_INFINITY : deadline + cancelGraceMs);
  }

  /** Ends a step of a task's life: next version, its time, its event. */
  changed(task: ModelTask, kind: TaskEvent['kind'] = 'status'): void {
    task.version += 1;
    task.updatedAt = this.now;
    const { status, version, retry, workerId, error, errorCode, progress, cancelRequested } = task;
    const { id: taskId, type } = task.spec;
    const what = { status, version, at: this.now, retry, workerId, error, errorCode, progress, cancelRequested };
    this.events.push({ kind, taskId, type, ...what });
  }

  happened(what: FinalStatus | 'submitted' | 'started' | 'retried'): void {
    const at = minuteOf(this.now);
    let minute = this.minutes.find((one) => one.at === at);
    if (!minute) {
      minute = { at, submitted: 0, started: 0, retried: 0, success: 0, failed: 0, canceled: 0, timeout: 0 };
      this.minutes.push(minute);
    }
    minute[what] += 1;
  }
}

export function isRunning(task: ModelTask): task is ModelTask & { lease: ModelLease } {
  return task.status === 'processing' && task.lease !== null;
}

/** The keys a task holds a slot of while it runs: those it names, and its type's. */
export function keysOf(task: ModelTask): string[] {
  return [...new Set([...task.spec.limits.map(({ key }) => key), typeKey(task.spec.type)])];
}

export function queueDeadline(task: ModelTask): number | null {
  return task.spec.queueTimeoutMs === 0 ? null : task.dueAt + task.spec.queueTimeoutMs;
}

export function minuteOf(at: number): number {
  return at - (at % 60_000);
}

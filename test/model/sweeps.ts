// What time does to tasks: waits end, tasks become due, leases and slots run out, old records are forgotten.
import type { LostLease, PurgeSweep, TimerSweep } from '../../src/ports/task-store.ts';
import { end } from './settle.ts';
import { isRunning, type ModelState, type ModelTask, minuteOf, queueDeadline } from './state.ts';

/** How many tasks one call moves on the side. */
const PAGE = 500;
const NODE_KEPT_MS = 3_600_000;
const MINUTES_KEPT = 60;

/** What every call that shows or takes pending tasks begins with. */
export function settleTime(state: ModelState): void {
  expireWaits(state, PAGE);
  makeReady(state, PAGE);
}

function expireWaits(state: ModelState, limit: number): number {
  const over = state.all('pending').filter((task) => state.waitIsOver(task));
  const page = over.sort(by((task) => queueDeadline(task) ?? 0)).slice(0, limit);
  for (const task of page) {
    const error = `Waited longer than its queue_timeout of ${task.spec.queueTimeoutMs / 1000} s`;
    end(state, task, 'timeout', { error, errorCode: 'queue_timeout' });
  }
  return page.length;
}

function makeReady(state: ModelState, limit: number): number {
  const due = state.all('pending').filter((task) => !task.promoted && task.dueAt <= state.now);
  const page = due.sort(by((task) => task.dueAt)).slice(0, limit);
  for (const task of page) task.promoted = true;
  return page.length;
}

export function sweepTimers(state: ModelState, limit: number): TimerSweep {
  const timedOut = expireWaits(state, limit);
  const promoted = makeReady(state, limit);
  state.drains = state.drains.filter(({ endsAt }) => endsAt > state.now);
  return { promoted, timedOut, nextMs: nextTimerMs(state) };
}

export function nextTimerMs(state: ModelState): number | null {
  const pending = state.all('pending');
  const instants = [
    ...pending.filter((task) => !task.promoted).map((task) => task.dueAt),
    ...pending.flatMap((task) => queueDeadline(task) ?? []),
    ...state.all('processing').flatMap(({ lease }) => (lease && lease.endsAt > state.now ? lease.endsAt : [])),
    ...state.drains.map(({ endsAt }) => endsAt),
  ];
  return leftUntilFirst(state, instants);
}

export function lostLeases(state: ModelState, limit: number): LostLease[] {
  const { cancelGraceMs } = state.settings;
  const lost = state.all('processing').filter(isRunning);
  return lost
    .filter(({ lease }) => lease.endsAt <= state.now)
    .sort(by(({ lease }) => lease.endsAt))
    .slice(0, limit)
    .map(({ spec, lease, workerId, retry, recoveries }) => {
      const { id, maxRetry, retryStrategy, processTimeoutMs } = spec;
      const facts = { retry, maxRetry, recoveries, retryStrategy, processTimeoutMs };
      const heardAt = state.nodes.get(workerId ?? '')?.heardAt ?? Number.NEGATIVE_INFINITY;
      const pastDeadline =
        lease.deadline !== null && lease.endsAt >= lease.deadline + cancelGraceMs && heardAt >= lease.deadline;
      return structuredClone({ id, token: lease.token, workerId: workerId ?? '', pastDeadline, facts });
    });
}

export function purge(state: ModelState, limit: number): PurgeSweep {
  const endOfLife = (task: ModelTask) => (task.completedAt ?? Number.POSITIVE_INFINITY) + state.settings.retentionMs;
  const old = state.all().filter((task) => endOfLife(task) <= state.now);
  const page = old.sort(by((task) => task.completedAt ?? 0)).slice(0, limit);
  for (const { spec } of page) {
    state.tasks.delete(spec.id);
    state.drains = state.drains.filter(({ id }) => id !== spec.id);
  }
  state.purged += page.length;
  for (const [key, known] of state.idempotency) {
    if (known.until <= state.now || !state.tasks.has(known.id)) state.idempotency.delete(key);
  }
  for (const [id, { heardAt }] of state.nodes) if (heardAt + NODE_KEPT_MS <= state.now) state.nodes.delete(id);
  const oldest = minuteOf(state.now) - (MINUTES_KEPT - 1) * 60_000;
  while ((state.minutes[0]?.at ?? oldest) < oldest) state.minutes.shift();
  const left = state.all().flatMap((task) => (task.completedAt === null ? [] : endOfLife(task)));
  return { purged: page.length, nextMs: leftUntilFirst(state, left) };
}

function leftUntilFirst(state: ModelState, instants: readonly number[]): number | null {
  return instants.length === 0 ? null : Math.max(0, Math.min(...instants) - state.now);
}

function by<T extends ModelTask>(value: (task: T) => number): (a: T, b: T) => number {
  return (a, b) => value(a) - value(b) || a.sequence - b.sequence;
}

// The steps of a task's life that clients and nodes ask for, except settling (settle.ts).
import { canceledMessage } from '../../src/domain/cancel-message.ts';
import type {
  CancelReply,
  CancelRequest,
  Claimed,
  ClaimRequest,
  DrainWish,
  HeartbeatReply,
  HeartbeatRequest,
  LeaseRef,
  ProgressReply,
  ProgressReport,
  ReviveReply,
  Submission,
  SubmitReply,
} from '../../src/ports/task-store.ts';
import { end } from './settle.ts';
import { isRunning, type ModelLease, type ModelState, type ModelTask } from './state.ts';
import { settleTime } from './sweeps.ts';
import { taskView } from './views.ts';

export function submit(state: ModelState, batch: readonly Submission[]): SubmitReply[] {
  settleTime(state);
  return batch.map((submission) => submitOne(state, submission));
}

function submitOne(state: ModelState, { spec, due, idempotency }: Submission): SubmitReply {
  const known = idempotency && state.idempotency.get(idempotency.key);
  const first = known && known.until > state.now ? state.tasks.get(known.id) : undefined;
  if (known && first) {
    if (known.fingerprint !== idempotency.fingerprint) return { state: 'conflict' };
    return { state: 'replayed', task: taskView(state, first) };
  }
  const there = state.tasks.get(spec.id);
  if (there) return { state: 'exists', task: taskView(state, there) };

  const task: ModelTask = {
    spec: structuredClone(spec),
    sequence: ++state.sequence,
    status: 'pending',
    dueAt: 'at' in due ? Math.max(state.now, due.at) : state.now + due.afterMs,
    promoted: false,
    retry: 0,
    recoveries: 0,
    attempts: [],
    lease: null,
    settledToken: null,
    progress: null,
    result: null,
    error: null,
    errorCode: null,
    workerId: null,
    cancelRequested: false,
    cancelReason: null,
    version: 0,
    createdAt: state.now,
    updatedAt: state.now,
    startedAt: null,
    completedAt: null,
    lines: [],
    linesSaid: 0,
  };
  task.promoted = task.dueAt <= state.now;
  state.tasks.set(spec.id, task);
  if (idempotency) {
    const until = state.now + state.settings.idempotencyMs;
    state.idempotency.set(idempotency.key, { fingerprint: idempotency.fingerprint, id: spec.id, until });
  }
  state.accepted += 1;
  state.happened('submitted');
  state.changed(task);
  return { state: 'created', task: taskView(state, task) };
}

export function claim(state: ModelState, request: ClaimRequest): Claimed[] {
  settleTime(state);
  const before = state.claims.get(request.requestId);
  if (before) return before.leases.flatMap((lease) => stillHeld(state, lease));

  if (state.nodes.get(request.nodeId)?.drain) return [];
  const taken: ModelTask[] = [];
  while (taken.length < request.count) {
    const best = bestAdmitted(state, request.types);
    if (!best) break;
    start(state, best, request.nodeId);
    taken.push(best);
  }
  const leases = taken.map((task) => ({ id: task.spec.id, token: task.lease?.token ?? 0 }));
  if (leases.length > 0) state.claims.set(request.requestId, { leases, at: state.now });
  return leases.flatMap((lease) => stillHeld(state, lease));
}

export function setDrain(state: ModelState, nodeId: string, wish: DrainWish): { state: 'done' | 'not_found' } {
  const node = state.nodes.get(nodeId);
  if (!node) return { state: 'not_found' };
  if (node.drain && wish === 'work') state.signals.push({ kind: 'work', types: node.report.types });
  node.drain = wish === 'drain';
  return { state: 'done' };
}

/** Larger priority first, then earlier acceptance. */
function bestAdmitted(state: ModelState, types: readonly string[]): ModelTask | undefined {
  const occupied = state.occupied();
  return state
    .ready()
    .filter((task) => types.includes(task.spec.type))
    .sort((a, b) => b.spec.priority - a.spec.priority || a.sequence - b.sequence)
    .find((task) => state.admitted(task, occupied));
}

function start(state: ModelState, task: ModelTask, nodeId: string): void {
  const { processTimeoutMs } = task.spec;
  const deadline = processTimeoutMs === 0 ? null : state.now + processTimeoutMs;
  task.status = 'processing';
  task.startedAt = state.now;
  task.workerId = nodeId;
  task.progress = null;
  task.lease = { token: ++state.token, endsAt: state.leaseEnd(deadline), deadline };
  const open = { endedAt: null, outcome: null, error: null, errorCode: null };
  task.attempts.push({ attempt: task.attempts.length + 1, workerId: nodeId, startedAt: state.now, ...open });
  state.happened('started');
  state.changed(task);
}

function stillHeld(state: ModelState, ref: LeaseRef): Claimed[] {
  const task = state.held(ref);
  if (!task) return [];
  const { endsAt, deadline } = task.lease;
  const processRemainingMs = deadline === null ? null : deadline - state.now;
  const lease = { ...ref, expiresAt: endsAt, remainingMs: endsAt - state.now, processRemainingMs };
  return [{ task: taskView(state, task), lease }];
}

export function heartbeat(state: ModelState, { nodeId, leases }: HeartbeatRequest): HeartbeatReply[] {
  const node = state.nodes.get(nodeId);
  if (node) node.heardAt = state.now;
  return leases.map((ref) => {
    const task = state.held(ref);
    if (!task) return { state: 'lost' };
    renew(state, task.lease);
    const why = task.cancelReason === null ? {} : { cancelReason: task.cancelReason };
    return { state: 'held', remainingMs: task.lease.endsAt - state.now, cancelRequested: task.cancelRequested, ...why };
  });
}

function renew(state: ModelState, lease: ModelLease): void {
  lease.endsAt = Math.max(lease.endsAt, state.leaseEnd(lease.deadline));
}

export function progress(state: ModelState, batch: readonly ProgressReport[]): ProgressReply[] {
  return batch.map((report) => {
    const task = state.held(report);
    if (!task) return { state: 'lease_lost' };
    task.progress = report.progress;
    state.changed(task, 'progress');
    return { state: 'recorded' };
  });
}

export function cancel(state: ModelState, batch: readonly CancelRequest[]): CancelReply[] {
  settleTime(state);
  return batch.map(({ id, reason = null }) => {
    const task = state.tasks.get(id);
    if (!task) return { state: 'not_found' };
    const answer = cancelOne(state, task, reason);
    return { state: answer, task: taskView(state, task) };
  });
}

function cancelOne(
  state: ModelState,
  task: ModelTask,
  reason: string | null,
): 'canceled' | 'cancel_requested' | 'already_canceled' | 'already_finished' {
  switch (task.status) {
    case 'pending':
      end(state, task, 'canceled', { error: canceledMessage('before it started', reason), errorCode: 'canceled' });
      return 'canceled';
    case 'processing':
      if (!task.cancelRequested && isRunning(task)) {
        task.cancelRequested = true;
        task.cancelReason = reason;
        state.changed(task);
        const lease = { id: task.spec.id, token: task.lease.token, ...(reason === null ? {} : { reason }) };
        state.signals.push({ kind: 'cancel', nodeId: task.workerId ?? '', leases: [lease] });
      }
      return 'cancel_requested';
    case 'canceled':
      return 'already_canceled';
    case 'success':
    case 'failed':
    case 'timeout':
      return 'already_finished';
  }
}

export function revive(state: ModelState, ids: readonly string[]): ReviveReply[] {
  settleTime(state);
  return ids.map((id) => {
    const task = state.tasks.get(id);
    if (!task) return { state: 'not_found' };
    if (!['failed', 'canceled', 'timeout'].includes(task.status)) {
      return { state: 'not_retryable', task: taskView(state, task) };
    }
    task.status = 'pending';
    task.dueAt = state.now;
    task.promoted = true;
    task.retry = 0;
    task.recoveries = 0;
    task.error = null;
    task.errorCode = null;
    task.progress = null;
    task.result = null;
    task.completedAt = null;
    state.changed(task);
    return { state: 'revived', task: taskView(state, task) };
  });
}

// What the holder of a lease may do while it runs: renew it and report progress. A stale token changes nothing.
import type { TaskErrorCode } from '../../domain/errors.ts';
import type {
  HeartbeatReply,
  HeartbeatRequest,
  LeaseRef,
  LostLease,
  ProgressReply,
  ProgressReport,
} from '../../ports/task-store.ts';
import { progressEvent } from './changes.ts';
import { wake } from './lanes.ts';
import { leaseEnd } from './lease-end.ts';
import { heardOf } from './nodes.ts';
import { parseStrategy } from './rows.ts';
import { LEASE_HELD, LEASE_OVER, type Step } from './step.ts';

type HeldRow = [
  seq: number,
  leaseEnds: number,
  processDeadline: number | null,
  cancelRequested: number,
  cancelReason: string | null,
];

export function heartbeat(step: Step, { nodeId, leases }: HeartbeatRequest): HeartbeatReply[] {
  heardOf(step, nodeId);
  return leases.map(({ id, token }) => {
    const row = step.db.row<HeldRow>(
      `SELECT seq, lease_ends, process_deadline, cancel_requested, cancel_reason FROM task
        WHERE id = ? AND token = ? AND lease = ${LEASE_HELD} AND lease_ends > ?`,
      id,
      token,
      step.now,
    );
    if (!row) return { state: 'lost' };
    const [seq, leaseEnds, processDeadline, cancelRequested, cancelReason] = row;
    const ends = Math.max(leaseEnds, leaseEnd(step, processDeadline));
    step.db.run('UPDATE task SET lease_ends = ? WHERE seq = ?', ends, seq);
    // That of an earlier attempt lies there until it is overwritten.
    const why = cancelRequested === 0 || cancelReason === null ? {} : { cancelReason };
    return { state: 'held', remainingMs: ends - step.now, cancelRequested: cancelRequested === 1, ...why };
  });
}

type ProgressRow = [
  seq: number,
  typeId: number,
  version: number,
  retry: number,
  workerId: string,
  cancelRequested: 0 | 1,
  error: string | null,
  errorCode: TaskErrorCode | null,
];

export function progress(step: Step, batch: readonly ProgressReport[]): ProgressReply[] {
  return batch.map(({ id, token, progress: value }) => {
    const row = step.db.row<ProgressRow>(
      `SELECT seq, type_id, version, retry, worker_id, cancel_requested, error, error_code FROM task
        WHERE id = ? AND token = ? AND lease = ${LEASE_HELD} AND lease_ends > ?`,
      id,
      token,
      step.now,
    );
    if (!row) return { state: 'lease_lost' };
    const [seq, typeId, version, retry, workerId, cancelRequested, error, errorCode] = row;
    step.memory.runs.delete(token);
    step.db.run(
      'UPDATE task SET progress = ?, version = version + 1, updated_at = ? WHERE seq = ?',
      value,
      step.now,
      seq,
    );
    progressEvent(step, {
      id,
      typeId,
      version: version + 1,
      retry,
      workerId,
      error,
      errorCode,
      progress: value,
      cancelRequested,
    });
    return { state: 'recorded' };
  });
}

/** Frees slots that drain. Those of a lease that is held are not touched. */
export function release(step: Step, batch: readonly LeaseRef[]): void {
  const keys = new Set<string>();
  for (const { id, token } of batch) {
    const freed = step.db.rows<[string]>(
      `DELETE FROM draining_slot WHERE token = ? AND seq = (SELECT seq FROM task WHERE id = ?) RETURNING key`,
      token,
      id,
    );
    for (const [key] of freed) keys.add(key);
  }
  for (const key of keys) wake(step, key);
}

type LostRow = [
  id: string,
  token: number,
  workerId: string,
  processDeadline: number | null,
  leaseEnds: number,
  heardAt: number | null,
  retry: number,
  recoveries: number,
  maxRetry: number,
  retryStrategy: string | null,
  processTimeoutMs: number,
];

export function lostLeases(step: Step, limit: number): LostLease[] {
  return step.db
    .rows<LostRow>(
      `SELECT t.id, t.token, t.worker_id, t.process_deadline, t.lease_ends, n.last_heartbeat_at, t.retry, t.recoveries, s.max_retry,
        s.retry_strategy, s.process_timeout_ms
        FROM task t JOIN spec s ON s.seq = t.seq LEFT JOIN node n ON n.id = t.worker_id WHERE t.lease = ${LEASE_OVER} ORDER BY t.lease_ends, t.seq LIMIT ?`,
      limit,
    )
    .map(
      ([
        id,
        token,
        workerId,
        deadline,
        leaseEnds,
        heardAt,
        retry,
        recoveries,
        maxRetry,
        strategy,
        processTimeoutMs,
      ]) => ({
        id,
        token,
        workerId,
        pastDeadline:
          deadline !== null && leaseEnds >= deadline + step.settings.cancelGraceMs && (heardAt ?? 0) >= deadline,
        facts: { retry, maxRetry, recoveries, retryStrategy: parseStrategy(strategy), processTimeoutMs },
      }),
    );
}

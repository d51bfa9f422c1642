// Pending tasks: how they become ready, how a wait ends, and what ends of leases mean for those who wait.

import { happenedFinal, move, statusEvent } from './changes.ts';
import { afterLeaving, LaneEntries, readLane, wake } from './lanes.ts';
import { facedLimits } from './slots.ts';
import { PENDING, TIMEOUT } from './status.ts';
import { LEASE_HELD, LEASE_OVER, PAGE, type Step } from './step.ts';

type DueRow = [seq: number, typeId: number, score: number, limits: string | null];

/** Puts due tasks into their lanes; at most `limit`. Returns how many. */
export function promoteDue(step: Step, limit: number): number {
  const due = step.db.rows<DueRow>(
    'SELECT seq, type_id, score, limits FROM task WHERE status = 0 AND lane_id IS NULL AND due_at <= ? ORDER BY due_at LIMIT ?',
    step.now,
    limit,
  );
  if (due.length === 0) return 0;
  const entries = new LaneEntries(step);
  for (const [seq, typeId, score, limits] of due) {
    const laneId = entries.enter(step.typeName(typeId), limits, score);
    step.db.run('UPDATE task SET lane_id = ? WHERE seq = ?', laneId, seq);
  }
  entries.write();
  return due.length;
}

const WAIT_OVER = `SELECT t.seq, t.id, t.type_id, t.lane_id, t.version, t.retry, t.worker_id, t.key_id, t.facets, t.progress, s.queue_timeout_ms
  FROM task t JOIN spec s ON s.seq = t.seq WHERE t.status = 0 AND t.queue_deadline IS NOT NULL AND t.queue_deadline <= ? ORDER BY t.queue_deadline LIMIT ?`;
type OverRow = [
  seq: number,
  id: string,
  typeId: number,
  laneId: number | null,
  version: number,
  retry: number,
  workerId: string | null,
  keyId: number | null,
  facets: string | null,
  progress: string | null,
  queueTimeoutMs: number,
];

/** Ends waits that are over; at most `limit`. Returns how many. */
export function expireWaits(step: Step, limit: number): number {
  const over = step.db.rows<OverRow>(WAIT_OVER, step.now, limit);
  const left = new Map<number, number>();
  for (const [seq, id, typeId, laneId, version, retry, workerId, keyId, facets, progress, timeoutMs] of over) {
    const error = `Waited longer than its queue_timeout of ${timeoutMs / 1000} s`;
    step.db.run(
      `UPDATE task SET status = ${TIMEOUT}, stage = ${TIMEOUT}, lane_id = NULL, queue_deadline = NULL, version = version + 1, updated_at = ?,
        completed_at = ?, error = ?, error_code = 'queue_timeout' WHERE seq = ?`,
      step.now,
      step.now,
      error,
      seq,
    );
    if (laneId !== null) left.set(laneId, (left.get(laneId) ?? 0) + 1);
    move(step, { seq, typeId, keyId, facets }, PENDING, TIMEOUT);
    happenedFinal(step, TIMEOUT);
    statusEvent(step, {
      id,
      typeId,
      status: TIMEOUT,
      version: version + 1,
      retry,
      workerId,
      error,
      errorCode: 'queue_timeout',
      progress,
    });
  }
  for (const [laneId, n] of left) afterLeaving(step, readLane(step, laneId), n);
  return over.length;
}

/**
 * Leases that are over lose their slots at once, so that a claim can use them before a sweeper has settled the task.
 * The tasks stay processing with lease 2 until then. Every step begins with it, so that all slots it sees are live.
 */
export function endLeases(step: Step): void {
  const over = step.db.rows<[number, number, number, string | null]>(
    `SELECT seq, type_id, token, limits FROM task WHERE lease = ${LEASE_HELD} AND lease_ends <= ?`,
    step.now,
  );
  const keys = new Set<string>();
  for (const [seq, typeId, token, limits] of over) {
    step.db.run('UPDATE task SET lease = ? WHERE seq = ?', LEASE_OVER, seq);
    const faced = facedLimits(step.typeName(typeId), limits);
    step.memory.held.free(faced, token);
    for (const { key } of faced) keys.add(key);
  }
  const drained = step.db.rows<[string]>('DELETE FROM draining_slot WHERE drain_until <= ? RETURNING key', step.now);
  for (const [key] of drained) keys.add(key);
  for (const key of keys) wake(step, key);
}

/** When the next pending task is due or given up, or the next lease or draining slot ends. */
export function nextTimeAt(step: Step): number | null {
  const at = step.db.row<[number | null]>(`SELECT min(at) FROM (
    SELECT min(due_at) AS at FROM task WHERE status = 0 AND lane_id IS NULL
    UNION ALL SELECT min(queue_deadline) FROM task WHERE status = 0 AND queue_deadline IS NOT NULL
    UNION ALL SELECT min(lease_ends) FROM task WHERE lease = ${LEASE_HELD}
    UNION ALL SELECT min(drain_until) FROM draining_slot)`)?.[0];
  return at ?? null;
}

export function sweepTimers(step: Step, limit: number): { promoted: number; timedOut: number; nextMs: number | null } {
  const timedOut = expireWaits(step, limit);
  const promoted = promoteDue(step, limit);
  const at = nextTimeAt(step);
  return { promoted, timedOut, nextMs: at === null ? null : Math.max(0, at - step.now) };
}

/** What reads and claims begin with. */
export function settleTime(step: Step): void {
  if (!step.isTimeUp) return;
  expireWaits(step, PAGE);
  promoteDue(step, PAGE);
}

// What clients may still do to a task: cancel it, or put an ended one back.
import { canceledMessage } from '../../domain/cancel-message.ts';
import type { TaskErrorCode } from '../../domain/errors.ts';
import type { CancelRequest } from '../../ports/task-store.ts';
import { happenedFinal, move, statusEvent } from './changes.ts';
import { afterLeaving, LaneEntries, readLane } from './lanes.ts';
import { taskRow } from './read.ts';
import { Reasons } from './reason.ts';
import type { TaskRow } from './rows.ts';
import { queueDeadline } from './settle.ts';
import { CANCELED, PENDING, PROCESSING, SUCCESS } from './status.ts';
import type { Step } from './step.ts';
import { settleTime } from './waiting.ts';

type Row = [
  seq: number,
  typeId: number,
  status: number,
  laneId: number | null,
  version: number,
  retry: number,
  cancelRequested: number,
  token: number,
  workerId: string | null,
  score: number,
  limits: string | null,
  facets: string | null,
  progress: string | null,
  error: string | null,
  errorCode: TaskErrorCode | null,
  keyId: number | null,
];
const ROW = `SELECT seq, type_id, status, lane_id, version, retry, cancel_requested, token, worker_id, score, limits, facets,
  progress, error, error_code, key_id FROM task WHERE id = ?`;

export type CancelRow =
  | { readonly state: 'canceled' | 'cancel_requested' | 'already_canceled' | 'already_finished'; readonly row: TaskRow }
  | { readonly state: 'not_found' };

export function cancel(step: Step, batch: readonly CancelRequest[]): CancelRow[] {
  settleTime(step);
  const done = batch.map((request) => {
    const row = step.db.row<Row>(ROW, request.id);
    return row ? { state: cancelOne(step, request, row), seq: row[0] } : null;
  });
  const reasons = new Reasons(step);
  return done.map((reply) =>
    reply ? { state: reply.state, row: taskRow(step, reply.seq, reasons) } : { state: 'not_found' },
  );
}

function cancelOne(
  step: Step,
  { id, reason }: CancelRequest,
  row: Row,
): 'canceled' | 'cancel_requested' | 'already_canceled' | 'already_finished' {
  switch (row[2]) {
    case PENDING:
      cancelPending(step, id, row, reason ?? null);
      return 'canceled';
    case PROCESSING:
      if (row[6] === 0) requestCancel(step, id, row, reason ?? null);
      return 'cancel_requested';
    case CANCELED:
      return 'already_canceled';
    default:
      return 'already_finished';
  }
}

function cancelPending(step: Step, id: string, row: Row, reason: string | null): void {
  const [seq, typeId, , laneId, version, retry, , , workerId, , , facets, progress, , , keyId] = row;
  const error = canceledMessage('before it started', reason);
  step.db.run(
    `UPDATE task SET status = ${CANCELED}, stage = ${CANCELED}, lane_id = NULL, queue_deadline = NULL, version = version + 1, updated_at = ?,
      completed_at = ?, error = ?, error_code = 'canceled' WHERE seq = ?`,
    step.now,
    step.now,
    error,
    seq,
  );
  if (laneId !== null) afterLeaving(step, readLane(step, laneId), 1);
  move(step, { seq, typeId, keyId, facets }, PENDING, CANCELED);
  happenedFinal(step, CANCELED);
  statusEvent(step, {
    id,
    typeId,
    status: CANCELED,
    version: version + 1,
    retry,
    workerId,
    error,
    errorCode: 'canceled',
    progress,
  });
}

function requestCancel(step: Step, id: string, row: Row, reason: string | null): void {
  const [seq, typeId, , , version, retry, , token, workerId, , , , progress, error, errorCode] = row;
  step.db.run(
    'UPDATE task SET cancel_requested = 1, cancel_reason = ?, version = version + 1, updated_at = ? WHERE seq = ?',
    reason,
    step.now,
    seq,
  );
  step.memory.runs.delete(token);
  if (workerId !== null) step.cancelAt(workerId, { id, token, ...(reason === null ? {} : { reason }) });
  statusEvent(step, {
    id,
    typeId,
    status: PROCESSING,
    version: version + 1,
    retry,
    workerId,
    error,
    errorCode,
    progress,
    cancelRequested: 1,
  });
}

export type ReviveRow =
  | { readonly state: 'revived' | 'not_retryable'; readonly row: TaskRow }
  | { readonly state: 'not_found' };

export function revive(step: Step, ids: readonly string[]): ReviveRow[] {
  settleTime(step);
  const entries = new LaneEntries(step);
  const done = ids.map((id) => {
    const row = step.db.row<Row>(ROW, id);
    return row ? { state: reviveOne(step, id, row, entries), seq: row[0] } : null;
  });
  entries.write();
  const reasons = new Reasons(step);
  return done.map((reply) =>
    reply ? { state: reply.state, row: taskRow(step, reply.seq, reasons) } : { state: 'not_found' },
  );
}

function reviveOne(step: Step, id: string, row: Row, entries: LaneEntries): 'revived' | 'not_retryable' {
  const [seq, typeId, status, , version, , , , workerId, score, limits, facets, , , , keyId] = row;
  if (status === PENDING || status === PROCESSING || status === SUCCESS) return 'not_retryable';
  const laneId = entries.enter(step.typeName(typeId), limits, score);
  const deadline = queueDeadline(step, seq, step.now);
  step.db.run(
    `UPDATE task SET status = ${PENDING}, stage = ${PENDING}, lane_id = ?, due_at = ?, queue_deadline = ?, version = version + 1, retry = 0,
      recoveries = 0, updated_at = ?, completed_at = NULL, error = NULL, error_code = NULL, progress = NULL, result = NULL
      WHERE seq = ?`,
    laneId,
    step.now,
    deadline,
    step.now,
    seq,
  );
  move(step, { seq, typeId, keyId, facets }, status, PENDING);
  if (deadline !== null) step.dueAt(deadline);
  statusEvent(step, { id, typeId, status: PENDING, version: version + 1, retry: 0, workerId });
  return 'revived';
}

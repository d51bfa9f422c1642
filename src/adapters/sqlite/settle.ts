// Settle: records the one outcome of an attempt, frees its slots and puts the task where it belongs next.
import { canceledMessage } from '../../domain/cancel-message.ts';
import type { TaskErrorCode } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { AttemptOutcome } from '../../domain/task.ts';
import type { Settlement } from '../../ports/task-store.ts';
import { happenedFinal, type Listed, move, statusEvent } from './changes.ts';
import { LaneEntries, wake } from './lanes.ts';
import { type SettlementRow, type SuccessRow, settlementOf } from './settlement-row.ts';
import { drainSlots, facedLimits } from './slots.ts';
import { CANCELED, FAILED, PENDING, PROCESSING, SUCCESS } from './status.ts';
import { LEASE_HELD, LEASE_NONE, LEASE_OVER, type Step } from './step.ts';
import { Successes } from './successes.ts';

type Row = [
  seq: number,
  typeId: number,
  status: number,
  lease: number,
  token: number,
  settledToken: number,
  leaseEnds: number | null,
  version: number,
  retry: number,
  recoveries: number,
  attempt: number,
  cancelRequested: number,
  workerId: string,
  startedAt: number,
  score: number,
  limits: string | null,
  facets: string | null,
  error: string | null,
  errorCode: TaskErrorCode | null,
  progress: string | null,
  keyId: number | null,
  cancelReason: string | null,
];
const ROW = `SELECT seq, type_id, status, lease, token, settled_token, lease_ends, version, retry, recoveries, attempt,
  cancel_requested, worker_id, started_at, score, limits, facets, error, error_code, progress, key_id, cancel_reason FROM task WHERE id = ?`;

// Columns that stay as they are, or were set by the claim, are left out: each index that names a written column is written.
const ENDS_LEASE = `version = version + 1, cancel_requested = 0, lease = 0, settled_token = ?, token = 0, lease_ends = NULL,
  process_deadline = NULL, updated_at = ?, error = ?, error_code = ?`;

const WRITE_FINAL = `UPDATE task SET status = ?, stage = ?, completed_at = ?, result = ?, ${ENDS_LEASE} WHERE seq = ?`;
const WRITE_PENDING = `UPDATE task SET status = ${PENDING}, lane_id = ?, due_at = ?, queue_deadline = ?, retry = ?, recoveries = ?,
  ${ENDS_LEASE} WHERE seq = ?`;

/** Where an outcome leads and what it leaves on the task. */
interface Effect {
  readonly to: number;
  readonly attempt: AttemptOutcome;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
  readonly result: string | null;
  readonly dueAt: number | null;
  readonly retry: number;
  readonly recoveries: number;
}

/** Answers the status of each task, or `null` where the lease was lost. */
export function settle(step: Step, batch: readonly SettlementRow[]): (number | null)[] {
  const entries = new LaneEntries(step);
  const successes = new Successes(step);
  const freed = new Set<string>();
  const statuses = batch.map((row) => {
    if (!('id' in row) && succeeds(step, row, successes, freed)) return SUCCESS;
    successes.write();
    return settleOne(step, settlementOf(row), entries, freed);
  });
  successes.write();
  entries.write();
  for (const key of freed) wake(step, key);
  return statuses;
}

function settleOne(step: Step, settlement: Settlement, entries: LaneEntries, freed: Set<string>): number | null {
  step.memory.runs.delete(settlement.token);
  const row = step.db.row<Row>(ROW, settlement.id);
  if (!row) return null;
  const [seq, typeId, status, lease, token, settledToken, leaseEnds] = row;
  const isRepeat = settlement.by === 'holder' && settledToken !== 0 && settledToken === settlement.token;
  if (isRepeat) return status;
  const over = lease === LEASE_OVER || (leaseEnds !== null && leaseEnds <= step.now);
  const holds = lease !== LEASE_NONE && token === settlement.token && over === (settlement.by === 'sweeper');
  if (!holds) return null;

  const effect = effectOf(step, row, row[11] === 1 ? { kind: 'cancel' } : settlement.outcome);
  const type = step.typeName(typeId);
  const faced = facedLimits(type, row[15]);
  if (settlement.handler === 'running' && lease === LEASE_HELD && settlement.by === 'holder') {
    const until = Math.min(leaseEnds ?? step.now, step.now + step.settings.semaphoreExpirationMs);
    drainSlots(step, faced, { seq, token, workerId: row[12], until });
  } else {
    step.memory.held.free(faced, token);
    for (const { key } of faced) freed.add(key);
  }
  recordAttempt(step, row, effect);
  writeTask(step, row, effect, settlement, entries, type);
  return effect.to;
}

/** What nearly all settlements are: a success under a lease that holds, of a task that nothing happened to. */
function succeeds(step: Step, [id, token, result]: SuccessRow, successes: Successes, freed: Set<string>): boolean {
  const { now, memory } = step;
  const run = memory.runs.get(token);
  memory.runs.delete(token);
  if (run === undefined || run.id !== id || run.leaseEnds <= now) return false;
  const { seq, typeId, version, retry, workerId } = run;
  successes.add(seq, result);
  const faced = facedLimits(step.typeName(typeId), run.limits);
  memory.held.free(faced, token);
  for (const { key } of faced) freed.add(key);
  hasEnded(step, run, SUCCESS);
  statusEvent(step, { id, typeId, status: SUCCESS, version: version + 1, retry, workerId });
  return true;
}

function hasEnded(step: Step, task: Listed, status: number): void {
  move(step, task, PROCESSING, status);
  happenedFinal(step, status);
  step.dueAt(step.now + step.settings.retentionMs);
}

function effectOf(step: Step, row: Row, outcome: Outcome): Effect {
  const [, , , , , , , , retry, recoveries] = row;
  const kept = { retry, recoveries, result: null, dueAt: null };
  switch (outcome.kind) {
    case 'succeed':
      return { ...kept, to: SUCCESS, attempt: 'success', error: null, errorCode: null, result: outcome.result };
    case 'fail': {
      const { attempt, error, errorCode } = outcome;
      return { ...kept, to: FAILED, attempt, error, errorCode };
    }
    case 'retry': {
      const { attempt, error, errorCode } = outcome;
      return { ...kept, to: PENDING, attempt, error, errorCode, retry: retry + 1, dueAt: step.now + outcome.delayMs };
    }
    case 'release':
      return { ...kept, to: PENDING, attempt: 'released', error: row[17], errorCode: row[18], dueAt: step.now };
    case 'recover':
      return {
        ...kept,
        to: PENDING,
        attempt: 'lost',
        error: outcome.error,
        errorCode: 'worker_lost',
        recoveries: recoveries + 1,
        dueAt: step.now,
      };
    case 'cancel': {
      const error = canceledMessage('while running', row[11] === 1 ? row[21] : null);
      return { ...kept, to: CANCELED, attempt: 'canceled', error, errorCode: 'canceled' };
    }
  }
}

/** A successful attempt is told by the task itself; every other one gets a row. Only the last 50 are kept. */
function recordAttempt(step: Step, row: Row, effect: Effect): void {
  if (effect.to === SUCCESS) return;
  const [seq, , , , , , , , , , attempt, , workerId, startedAt] = row;
  const [error, errorCode] = effect.attempt === 'released' ? [null, null] : [effect.error, effect.errorCode];
  step.db.run(
    'INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    seq,
    attempt,
    workerId,
    startedAt,
    step.now,
    effect.attempt,
    error,
    errorCode,
  );
  if (attempt > 50) step.db.run('DELETE FROM attempt WHERE seq = ? AND attempt <= ?', seq, attempt - 50);
}

function writeTask(
  step: Step,
  row: Row,
  effect: Effect,
  settlement: Settlement,
  entries: LaneEntries,
  type: string,
): void {
  const [seq, typeId] = row;
  const { to, dueAt, retry, error, errorCode } = effect;
  const { now } = step;
  const settledToken = settlement.by === 'holder' ? settlement.token : 0;
  if (dueAt === null) {
    step.db.run(WRITE_FINAL, to, to, now, effect.result, settledToken, now, error, errorCode, seq);
    hasEnded(step, { seq, typeId, keyId: row[20], facets: row[16] }, to);
  } else {
    const ready = dueAt <= now;
    const laneId = ready ? entries.enter(type, row[15], row[14]) : null;
    const deadline = queueDeadline(step, seq, dueAt);
    step.dueAt(ready ? (deadline ?? dueAt) : dueAt);
    const { recoveries } = effect;
    step.db.run(WRITE_PENDING, laneId, dueAt, deadline, retry, recoveries, settledToken, now, error, errorCode, seq);
    if (retry > row[8]) step.happened('retried');
    move(step, { seq, typeId, keyId: row[20], facets: row[16] }, PROCESSING, to);
  }
  statusEvent(step, {
    id: settlement.id,
    typeId,
    status: to,
    version: row[7] + 1,
    retry,
    workerId: row[12],
    error,
    errorCode,
    progress: row[19],
  });
}

/** A task that waits again gets a new deadline for this wait. */
export function queueDeadline(step: Step, seq: number, dueAt: number): number | null {
  const [timeoutMs] = step.db.row<[number]>('SELECT queue_timeout_ms FROM spec WHERE seq = ?', seq) ?? [0];
  return timeoutMs === 0 ? null : dueAt + timeoutMs;
}

// Reading tasks by number or id, with their attempts.

import type { TaskErrorCode } from '../../domain/errors.ts';
import type { Attempt, AttemptOutcome } from '../../domain/task.ts';
import { Reasons } from './reason.ts';
import { TASK_COLUMNS, TASK_FROM, type TaskColumns, type TaskRow } from './rows.ts';
import { PENDING, PROCESSING, SUCCESS } from './status.ts';
import type { Step } from './step.ts';
import { settleTime } from './waiting.ts';

export function toRow(step: Step, columns: TaskColumns, reasons: Reasons): TaskRow {
  const type = step.typeName(columns[3]);
  const reason =
    columns[4] === PENDING ? reasons.of({ type, laneId: columns[1], retry: columns[7], limits: columns[16] }) : null;
  return { columns, type, reason };
}

/** The task with this number, which must exist. */
export function taskRow(step: Step, seq: number, reasons: Reasons): TaskRow {
  const columns = step.db.row<TaskColumns>(`SELECT ${TASK_COLUMNS} ${TASK_FROM} WHERE t.seq = ?`, seq);
  if (!columns) throw new Error(`task number ${seq} is gone`);
  return toRow(step, columns, reasons);
}

export interface TaskRowWithAttempts extends TaskRow {
  readonly attempts: readonly Attempt[];
}

export function get(step: Step, ids: readonly string[]): (TaskRowWithAttempts | null)[] {
  settleTime(step);
  const reasons = new Reasons(step);
  return ids.map((id) => {
    const columns = step.db.row<TaskColumns>(`SELECT ${TASK_COLUMNS} ${TASK_FROM} WHERE t.id = ?`, id);
    return columns ? { ...toRow(step, columns, reasons), attempts: attemptsOf(step, columns) } : null;
  });
}

type AttemptRow = [number, string, number, number, string, string | null, string | null];

function attemptsOf(step: Step, columns: TaskColumns): Attempt[] {
  const [seq, , , , status] = columns;
  const attempts: Attempt[] = step.db
    .rows<AttemptRow>(
      `SELECT attempt, worker_id, started_at, ended_at, outcome, error, error_code FROM attempt WHERE seq = ? ORDER BY attempt`,
      seq,
    )
    .map(([attempt, workerId, startedAt, endedAt, outcome, error, errorCode]) => ({
      attempt,
      workerId,
      startedAt,
      endedAt,
      outcome: outcome as AttemptOutcome,
      error,
      errorCode: errorCode as TaskErrorCode | null,
    }));
  if (status === PROCESSING || status === SUCCESS) {
    attempts.push({
      attempt: columns[9],
      workerId: columns[11] ?? '',
      startedAt: columns[14] ?? 0,
      endedAt: columns[15],
      outcome: status === SUCCESS ? 'success' : null,
      error: null,
      errorCode: null,
    });
  }
  return attempts.slice(-50);
}

// A change of a task, read back from the log (see event-record.ts): for rebuilding. What is no such record is `null`: the topic
// may have been written to by others.
import { TASK_ERROR_CODES, type TaskErrorCode } from '../domain/errors.ts';
import { type JsonText, STATUSES, type Status } from '../domain/task.ts';
import type { ToldChange } from '../domain/told-change.ts';
import { membersOf } from './json-slices.ts';
import { parseTimestamp } from './timestamps.ts';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const statuses: ReadonlySet<unknown> = new Set(STATUSES);

export function readEventRecord(text: string): ToldChange | null {
  const given = objectOf(text);
  if (given === null) return null;
  const { task_id: taskId, status, version, timestamp, retry } = given;
  const at = instantOf(timestamp);
  if (typeof taskId !== 'string' || !ID.test(taskId) || !statuses.has(status) || at === null) return null;
  if (!isCount(version) || version < 1 || !isCount(retry)) return null;
  const { error_code: code, recoveries } = given;
  const isKnownCode = typeof code === 'string' && Object.hasOwn(TASK_ERROR_CODES, code);
  return {
    taskId,
    status: status as Status,
    version,
    at,
    retry,
    workerId: textOf(given['worker_id']),
    error: textOf(given['error']),
    errorCode: isKnownCode ? (code as TaskErrorCode) : null,
    recoveries: isCount(recoveries) ? recoveries : null,
    createdAt: instantOf(given['created_at']),
    startedAt: instantOf(given['started_at']),
    completedAt: instantOf(given['completed_at']),
    ...jsonIn(text, given),
  };
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Digit for digit: what was parsed would have rounded its numbers. */
function jsonIn(text: string, given: object): Pick<ToldChange, 'progress' | 'result'> {
  if (!('progress' in given) && !('result' in given)) return { progress: null, result: null };
  const of = (name: string): JsonText | null => {
    const member = members.findLast((one) => one.name === name);
    return member === undefined ? null : text.slice(member.start, member.end);
  };
  const members = membersOf(text);
  return { progress: of('progress'), result: of('result') };
}

function instantOf(value: unknown): number | null {
  return typeof value === 'string' ? parseTimestamp(value) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

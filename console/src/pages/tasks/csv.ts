// Tasks as lines of CSV, as spreadsheets read it (RFC 4180), and so that no cell becomes a formula.
import type { Task } from '../../api/task.ts';

const COLUMNS = [
  'id',
  'type',
  'status',
  'pending_reason',
  'priority',
  'retry',
  'max_retry',
  'concurrency_key',
  'tags',
  'worker_id',
  'created_at',
  'started_at',
  'completed_at',
  'error_code',
  'error',
  'payload',
  'result',
] as const satisfies readonly (keyof Task)[];

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`;

export function csvLine(task: Task): string {
  return `${COLUMNS.map((name) => csvCell(textOf(task[name]))).join(',')}\r\n`;
}

function textOf(value: Task[keyof Task]): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  if ('text' in value) return value.text;
  return Array.isArray(value) ? value.join(' ') : JSON.stringify(value);
}

/** Spreadsheets take a cell that begins like a formula for one; the quote in front makes it text. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

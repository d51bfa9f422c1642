// How tasks are printed. JSON is the server's own text, so that not a digit of a payload is lost on the way.
import { EXIT, Exit } from './exit.ts';
import { printable, table } from './table.ts';

/** The members of a task that tables show; the wire has more. */
export interface WireTask {
  readonly id: string;
  readonly type: string;
  readonly status: 'pending' | 'processing' | 'success' | 'failed' | 'canceled' | 'timeout';
  readonly pending_reason: string | null;
  readonly retry: number;
  readonly max_retry: number;
  readonly priority: number;
  readonly created_at: string;
  readonly error: string | null;
  readonly error_code: string | null;
}

export function taskTable(tasks: readonly WireTask[]): string {
  return table(
    ['ID', 'TYPE', 'STATUS', 'PRIORITY', 'RETRY', 'CREATED', 'NOTE'],
    tasks.map((task) => [
      task.id,
      task.type,
      task.status,
      String(task.priority),
      `${task.retry}/${task.max_retry}`,
      task.created_at,
      (task.error ?? (task.pending_reason === 'ready' ? '' : task.pending_reason) ?? '').slice(0, 80),
    ]),
  );
}

/** One task, a line per member, as far as they say something. */
export function taskLines(text: string): string {
  const task = JSON.parse(text) as Record<string, unknown>;
  const said = Object.entries(task).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  const width = Math.max(...said.map(([name]) => name.length));
  return said
    .map(
      ([name, value]) =>
        `${name.padEnd(width)}  ${printable(typeof value === 'string' ? value : JSON.stringify(value))}`,
    )
    .join('\n');
}

/** Ends the command as its task ended; a task that succeeded, or goes on, is fine. */
export function endAs({ id, status, error }: Pick<WireTask, 'id' | 'status' | 'error'>): void {
  switch (status) {
    case 'failed':
      throw new Exit(EXIT.taskFailed, `Task ${id} failed: ${error ?? 'unknown error'}`);
    case 'canceled':
    case 'timeout':
      throw new Exit(EXIT.taskNotRun, `Task ${id}: ${error ?? status}`);
    case 'pending':
    case 'processing':
    case 'success':
      return;
  }
}

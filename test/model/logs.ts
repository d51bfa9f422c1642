// Lines that handlers say: everything is kept in one list per task, which is cut after each batch.
import { LIMITS } from '../../src/domain/limits.ts';
import type { LogBatch, LogLine } from '../../src/ports/log-store.ts';
import type { ModelState } from './state.ts';

export function append(state: ModelState, batch: readonly LogBatch[]): { state: 'recorded' | 'lease_lost' }[] {
  return batch.map(({ entries, ...ref }) => {
    const task = state.held(ref);
    if (!task) return { state: 'lease_lost' };
    for (const { agoMs, level, message, fields } of entries) {
      const at = state.now - Math.max(0, Math.round(agoMs));
      task.linesSaid += 1;
      task.lines.push({ line: task.linesSaid, at, attempt: task.attempts.length, level, message, fields });
    }
    task.lines = kept(task.lines);
    return { state: 'recorded' };
  });
}

/** The newest that fit both bounds. The last line stays whatever its size. */
function kept(lines: readonly LogLine[]): LogLine[] {
  const newest = lines.slice(-LIMITS.logLinesKept);
  while (newest.length > 1 && sum(newest.map(bytesOf)) > LIMITS.logBytesKept) newest.shift();
  return newest;
}

function bytesOf({ message, fields }: LogLine): number {
  return Buffer.byteLength(message) + Buffer.byteLength(fields ?? '');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

export function read(state: ModelState, id: string, after: number): LogLine[] | null {
  const task = state.tasks.get(id);
  return task ? structuredClone(task.lines.filter(({ line }) => line > after)) : null;
}

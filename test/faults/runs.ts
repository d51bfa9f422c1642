// What handlers really did, written down by themselves: one line per start and per end, in a file that survives the
// death of its process. The audit compares it with what the store believes.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Run {
  readonly what: 'start' | 'end';
  readonly taskId: string;
  readonly type: string;
  /** 1 on the first attempt. */
  readonly attempt: number;
  readonly key: string | null;
  readonly pid: number;
  /** Unix milliseconds, with fractions. */
  readonly at: number;
}

const FILE = 'runs.ndjson';

/** Appends to the file of the working directory: the folder of the node that runs the handler. */
export function note(run: Omit<Run, 'pid' | 'at'>): void {
  const at = performance.timeOrigin + performance.now();
  const line: Run = { ...run, pid: process.pid, at };
  appendFileSync(FILE, `${JSON.stringify(line)}\n`);
}

/** In the order in which they happened, all processes of the folder together. */
export function readRuns(folder: string): Run[] {
  let text = '';
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch {
    return []; // No handler has started yet.
  }
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Run);
}

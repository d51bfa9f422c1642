// Follows what handlers note about themselves, without reading the whole file each time.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../../test/faults/runs.ts';

export class RunTail {
  /** What has started and not ended: task and attempt, and the process that runs it. */
  readonly running = new Map<string, Run>();
  /** Newest attempt that was started of each task. */
  readonly attempts = new Map<string, number>();
  starts = 0;
  readonly #file: string;
  #at = 0;
  #rest = '';

  constructor(folder: string) {
    this.#file = join(folder, 'runs.ndjson');
  }

  read(): void {
    const lines = (this.#rest + this.#news()).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(JSON.parse(line) as Run);
  }

  #take(run: Run): void {
    const name = `${run.taskId} ${run.attempt}`;
    if (run.what === 'end') {
      this.running.delete(name);
      return;
    }
    this.starts += 1;
    this.running.set(name, run);
    this.attempts.set(run.taskId, Math.max(run.attempt, this.attempts.get(run.taskId) ?? 0));
  }

  #news(): string {
    let file: number;
    try {
      file = openSync(this.#file, 'r');
    } catch {
      return ''; // No handler has started yet.
    }
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - this.#at);
      this.#at += readSync(file, bytes, 0, bytes.length, this.#at);
      return bytes.toString('utf8');
    } finally {
      closeSync(file);
    }
  }
}

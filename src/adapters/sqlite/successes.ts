// Successes of one call, written together: most handlers answer nothing, so one statement ends all their tasks. SQLite sets
// out once for each statement, which for one row is a quarter of the work.
import { SUCCESS } from './status.ts';
import type { Step } from './step.ts';

// Columns that stay as they are, or were set by the claim, are left out: each index that names a written column is written.
const WRITE = `UPDATE task SET status = ${SUCCESS}, stage = ${SUCCESS}, completed_at = ?1, result = ?2, version = version + 1,
  lease = 0, settled_token = token, token = 0, lease_ends = NULL, process_deadline = NULL, updated_at = ?1, error = NULL,
  error_code = NULL`;
const WRITE_ONE = `${WRITE} WHERE seq = ?3`;
const WRITE_SOME = `${WRITE} WHERE seq IN (SELECT value FROM json_each(?3))`;

export class Successes {
  readonly #step: Step;
  readonly #byResult = new Map<string | null, number[]>();

  constructor(step: Step) {
    this.#step = step;
  }

  /** The task must be running, and nobody may have asked for its cancel. */
  add(seq: number, result: string | null): void {
    const seqs = this.#byResult.get(result);
    if (seqs) seqs.push(seq);
    else this.#byResult.set(result, [seq]);
  }

  /** Before anything reads rows of tasks. */
  write(): void {
    const { db, now } = this.#step;
    for (const [result, seqs] of this.#byResult) {
      const [seq = 0] = seqs;
      if (seqs.length === 1) db.run(WRITE_ONE, now, result, seq);
      else db.run(WRITE_SOME, now, result, JSON.stringify(seqs));
    }
    this.#byResult.clear();
  }
}

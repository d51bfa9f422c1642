// Submit: insert if absent, by idempotency key and by id, in the order given.

import type { PendingReason } from '../../domain/task.ts';
import { move, statusEvent } from './changes.ts';
import { facetId, rowFacets } from './facets.ts';
import { LaneEntries } from './lanes.ts';
import { NewTasks } from './new-tasks.ts';
import { taskRow } from './read.ts';
import { Reasons } from './reason.ts';
import type { TaskRow } from './rows.ts';
import { priorityScore } from './score.ts';
import { PENDING } from './status.ts';
import type { Step } from './step.ts';
import type { Acceptance, SubmissionRow } from './submission-row.ts';
import { settleTime } from './waiting.ts';

export type SubmitRow =
  | { readonly state: 'created'; readonly acceptance: Acceptance }
  | { readonly state: 'exists' | 'replayed'; readonly row: TaskRow }
  | { readonly state: 'conflict' };

/** What the reason for its waiting depends on. */
interface Waits {
  readonly type: string;
  readonly laneId: number | null;
  readonly retry: 0;
  readonly limits: string | null;
}

type Found =
  | { state: 'created'; runAt: number; waits: Waits }
  | { state: 'exists' | 'replayed'; seq: number }
  | { state: 'conflict' };

export function submit(step: Step, batch: readonly SubmissionRow[]): SubmitRow[] {
  settleTime(step);
  const entries = new LaneEntries(step);
  const tasks = new NewTasks(step);
  const found = batch.map((submission) => submitOne(step, submission, { entries, tasks }));
  tasks.write();
  entries.write();
  const reasons = new Reasons(step);
  const created = new CreatedRows(step.now);
  return found.map((reply) => {
    switch (reply.state) {
      case 'conflict':
        return reply;
      case 'created':
        return created.of(reply.runAt, reasons.of(reply.waits));
      case 'exists':
      case 'replayed':
        return { state: reply.state, row: taskRow(step, reply.seq, reasons) };
    }
  });
}

/** Most new tasks of a batch get the same answer. As one object it travels once: the clone between threads sees that it is the same. */
class CreatedRows {
  readonly #now: number;
  #last: { readonly state: 'created'; readonly acceptance: Acceptance } | null = null;

  constructor(now: number) {
    this.#now = now;
  }

  of(runAt: number, reason: PendingReason): SubmitRow {
    const last = this.#last;
    if (last !== null && last.acceptance[1] === runAt && last.acceptance[2] === reason) return last;
    this.#last = { state: 'created', acceptance: [this.#now, runAt, reason] };
    return this.#last;
  }
}

/** What is written for several submissions at once. */
interface Written {
  readonly entries: LaneEntries;
  readonly tasks: NewTasks;
}

function submitOne(step: Step, submission: SubmissionRow, written: Written): Found {
  const [id, , , , , , , , , , , , , , key, fingerprint] = submission;
  const replay = key === null ? null : replayOf(step, key, written.tasks);
  if (replay) {
    return replay.fingerprint === fingerprint ? { state: 'replayed', seq: replay.seq } : { state: 'conflict' };
  }
  const known = seqOf(step, id, written.tasks);
  if (known !== null) return { state: 'exists', seq: known };
  const seq = step.acceptedOne();
  if (id > step.memory.lastId) step.memory.lastId = id;
  if (key !== null) remember(step, key, fingerprint ?? '', seq);
  return { state: 'created', ...insert(step, seq, submission, written) };
}

/** Ids ascend, but for those that come from elsewhere: one beyond all others is not there. */
function seqOf(step: Step, id: string, tasks: NewTasks): number | null {
  if (id > step.memory.lastId) return null;
  tasks.write();
  return step.db.row<[number]>('SELECT seq FROM task WHERE id = ?', id)?.[0] ?? null;
}

function insert(
  step: Step,
  seq: number,
  submission: SubmissionRow,
  { entries, tasks }: Written,
): { runAt: number; waits: Waits } {
  const [
    id,
    type,
    payload,
    priority,
    maxRetry,
    strategy,
    queueTimeoutMs,
    processTimeoutMs,
    key,
    max,
    limits,
    tags,
    at,
  ] = submission;
  const typeId = step.typeId(type);
  const dueAt = at === null ? step.now + submission[13] : Math.max(step.now, at);
  const score = priorityScore(priority, seq);
  const delayed = dueAt > step.now;
  const laneId = delayed ? null : entries.enter(type, limits, score);
  const keyId = key === null ? null : facetId(step, 'key', key);
  const parentId = submission[16];
  const facets = rowFacets(step, tags === null ? [] : (JSON.parse(tags) as string[]), parentId);
  const queueDeadline = queueTimeoutMs === 0 ? null : dueAt + queueTimeoutMs;
  tasks.add(
    [seq, id, typeId, score, laneId, dueAt, queueDeadline, step.now, step.now, limits, keyId, facets],
    [seq, payload, priority, maxRetry, strategy, queueTimeoutMs, processTimeoutMs, key, max, tags, parentId],
  );
  move(step, { seq, typeId, keyId, facets }, null, PENDING);
  step.happened('submitted');
  if (delayed) step.dueAt(dueAt);
  else if (queueTimeoutMs > 0) step.dueAt(dueAt + queueTimeoutMs);
  statusEvent(step, { id, typeId, status: PENDING, version: 1, retry: 0, workerId: null });
  return { runAt: dueAt, waits: { type, laneId, retry: 0, limits } };
}

function replayOf(step: Step, key: string, tasks: NewTasks): { fingerprint: string; seq: number } | null {
  const row = step.db.row<[string, number]>(
    'SELECT fingerprint, seq FROM idempotency WHERE key = ? AND expires_at > ?',
    key,
    step.now,
  );
  if (!row) return null;
  const [fingerprint, seq] = row;
  tasks.write();
  // The key may outlive its task.
  return step.db.row('SELECT 1 FROM task WHERE seq = ?', seq) ? { fingerprint, seq } : null;
}

function remember(step: Step, key: string, fingerprint: string, seq: number): void {
  step.db.run(
    'INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)',
    key,
    fingerprint,
    seq,
    step.now + step.settings.idempotencyMs,
  );
}

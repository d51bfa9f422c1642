// Claimed tasks on their way from the rows to the worker. The store's thread passes on what it reads of a lane's heads and says
// once what they share, and the task is made of it on the caller's side: the clone between threads costs by value and by name.
import type { TaskErrorCode } from '../../domain/errors.ts';
import type { Claimed } from '../../ports/task-store.ts';
import { parseStrategy } from './rows.ts';
import { parseLimits } from './slots.ts';
import { fromStored } from './whole-text.ts';

/** What few tasks have: one column of JSON for all of it, as SQLite takes its time for each column of each row. */
type Rare = [
  keyId: number | null,
  facets: string | null,
  error: string | null,
  errorCode: TaskErrorCode | null,
  retryStrategy: string | null,
  concurrencyKey: string | null,
  maxConcurrency: number | null,
  tags: string | null,
  parentId: string | null,
];
const RARE =
  't.key_id, t.facets, t.error, t.error_code, s.retry_strategy, s.concurrency_key, s.max_concurrency, s.tags, s.parent_id';
const NOTHING_RARE: Rare = [null, null, null, null, null, null, null, null, null];

/** A ready task before it is taken: what a claim sets, and what a task that waits never has, is not read. */
export const HEAD_COLUMNS = `t.queue_deadline, t.seq, t.id, t.due_at, t.version, t.retry, t.recoveries, t.attempt, t.created_at,
  s.payload, s.priority, s.max_retry, s.queue_timeout_ms, s.process_timeout_ms,
  iif(coalesce(${RARE}) IS NULL, NULL, json_array(${RARE}))`;
export type HeadRow = [
  queueDeadline: number | null,
  seq: number,
  id: string,
  dueAt: number,
  version: number,
  retry: number,
  recoveries: number,
  attempt: number,
  createdAt: number,
  payload: string,
  priority: number,
  maxRetry: number,
  queueTimeoutMs: number,
  processTimeoutMs: number,
  rare: string | null,
];

export function rareOf(head: HeadRow): Rare {
  const text = head[14];
  if (text === null) return NOTHING_RARE;
  const rare = JSON.parse(text) as Rare;
  fromStored(rare);
  return rare;
}

/** Heads of one lane that were taken together; their tokens follow each other. */
export type ClaimedHeads = [
  heads: readonly HeadRow[],
  type: string,
  limits: string | null,
  workerId: string,
  startedAt: number,
  leaseEnds: number,
  processDeadline: number | null,
  firstToken: number,
];

export function toClaimed(claimed: ClaimedHeads): Claimed[] {
  const [heads, type, named, workerId, startedAt, expiresAt, processDeadline, firstToken] = claimed;
  const limits = parseLimits(named);
  const remainingMs = expiresAt - startedAt;
  const processRemainingMs = processDeadline === null ? null : processDeadline - startedAt;
  return heads.map((head, index) => {
    const [, , id, runAt, version, retry, recoveries, attempt, createdAt] = head;
    const [, , error, errorCode, strategy, concurrencyKey, maxConcurrency, tags, parentId] = rareOf(head);
    const task: Claimed['task'] = {
      id,
      type,
      payload: head[9],
      priority: head[10],
      maxRetry: head[11],
      retryStrategy: parseStrategy(strategy),
      queueTimeoutMs: head[12],
      processTimeoutMs: head[13],
      concurrencyKey,
      maxConcurrency,
      limits,
      tags: tags === null ? [] : (JSON.parse(tags) as string[]),
      parentId,
      status: 'processing',
      pendingReason: null,
      retry,
      recoveries,
      attempt: attempt + 1,
      progress: null,
      result: null,
      error,
      errorCode,
      workerId,
      cancelRequested: false,
      version: version + 1,
      createdAt,
      updatedAt: startedAt,
      startedAt,
      completedAt: null,
      runAt,
    };
    return { task, lease: { id, token: firstToken + index, expiresAt, remainingMs, processRemainingMs } };
  });
}

// A submission on its way into the store's thread, and what comes back: plain values in a fixed order, since the
// clone between threads costs by the number of names. What the caller knows does not travel back.
import type { PendingReason } from '../../domain/task.ts';
import type { Submission } from '../../ports/task-store.ts';
import { strategyText } from './rows.ts';
import { limitsText } from './slots.ts';

export type SubmissionRow = [
  id: string,
  type: string,
  payload: string,
  priority: number,
  maxRetry: number,
  retryStrategy: string | null,
  queueTimeoutMs: number,
  processTimeoutMs: number,
  concurrencyKey: string | null,
  maxConcurrency: number | null,
  limits: string | null,
  tags: string | null,
  dueAt: number | null,
  dueAfterMs: number,
  idempotencyKey: string | null,
  fingerprint: string | null,
  parentId: string | null,
];

/** What the store decided about a new task. */
export type Acceptance = [createdAt: number, runAt: number, reason: PendingReason];

export function submissionRow({ spec, due, idempotency }: Submission): SubmissionRow {
  return [
    spec.id,
    spec.type,
    spec.payload,
    spec.priority,
    spec.maxRetry,
    strategyText(spec.retryStrategy),
    spec.queueTimeoutMs,
    spec.processTimeoutMs,
    spec.concurrencyKey,
    spec.maxConcurrency,
    limitsText(spec.limits),
    spec.tags.length === 0 ? null : JSON.stringify(spec.tags),
    'at' in due ? due.at : null,
    'at' in due ? 0 : due.afterMs,
    idempotency?.key ?? null,
    idempotency?.fingerprint ?? null,
    spec.parentId,
  ];
}

// An accepted task as a record of the log: the submit it came from, with everything filled in that a node decided. It is
// read back by `parseSubmitText` with `id: 'allowed'`. The payload is put in digit for digit.
import { DEFAULT_RETRY, type RetryStrategy } from '../domain/retry.ts';
import type { JsonText, TaskSpec } from '../domain/task.ts';
import { secondsOfMs } from './durations.ts';
import { formatTimestamp } from './timestamps.ts';

/** Header of records that a node wrote: their key is the id of the task, and the task was validated when it was accepted. */
export const ACCEPTED_HEADER = 'xqueue-accepted';

export interface AcceptedTask {
  readonly spec: TaskSpec;
  readonly due: { readonly afterMs: number } | { readonly at: number };
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
}

/** @param acceptedAt Unix ms by the clock of the node */
export function acceptedRecord({ spec, due, idempotency }: AcceptedTask, acceptedAt: number): JsonText {
  let text =
    `{"id":"${spec.id}","accepted_at":"${formatTimestamp(acceptedAt)}","type":${JSON.stringify(spec.type)}` +
    `,"payload":${spec.payload},"priority":${spec.priority},"max_retry":${spec.maxRetry}${strategyOf(spec.retryStrategy)}` +
    `,"queue_timeout":${secondsOfMs(spec.queueTimeoutMs)},"process_timeout":${secondsOfMs(spec.processTimeoutMs)}`;
  if ('at' in due) text += `,"run_at":"${formatTimestamp(due.at)}"`;
  else if (due.afterMs > 0) text += `,"delay":${secondsOfMs(due.afterMs)}`;
  if (spec.concurrencyKey !== null) text += `,"concurrency_key":${JSON.stringify(spec.concurrencyKey)}`;
  if (spec.maxConcurrency !== null) text += `,"max_concurrency":${spec.maxConcurrency}`;
  if (spec.limits.length > 0) text += `,"limits":${JSON.stringify(spec.limits)}`;
  if (spec.tags.length > 0) text += `,"tags":${JSON.stringify(spec.tags)}`;
  if (spec.parentId !== null) text += `,"parent_id":"${spec.parentId}"`;
  if (idempotency !== undefined) {
    const { key, fingerprint } = idempotency;
    text += `,"idempotency":${JSON.stringify({ key, fingerprint })}`;
  }
  return `${text}}`;
}

/** The usual strategy belongs to the product, not to the node: what is left out means it. */
function strategyOf(retry: RetryStrategy): string {
  const { type, delayMs, factor, maxDelayMs, jitter } = retry;
  if (retry === DEFAULT_RETRY) return '';
  return (
    `,"retry_strategy":{"type":"${type}","delay":${secondsOfMs(delayMs)},"factor":${factor}` +
    `,"max_delay":${secondsOfMs(maxDelayMs)},"jitter":${jitter}}`
  );
}

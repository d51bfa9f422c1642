// Builders: a task as a client would send it, with only what a test cares about said out loud.

import type { Outcome } from '../../src/domain/outcome.ts';
import { DEFAULT_RETRY } from '../../src/domain/retry.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import type { NodeReport, StoreSettings, Submission } from '../../src/ports/task-store.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The defaults of the product, without the pause detection, which has tests of its own. */
export const SETTINGS: StoreSettings = {
  leaseMs: 90 * SECOND,
  cancelGraceMs: 30 * SECOND,
  semaphoreExpirationMs: 5 * MINUTE,
  retentionMs: 7 * DAY,
  idempotencyMs: DAY,
  stallMs: 0,
};

/** UUIDs that do not rise with acceptance, so that no store can take their order for the order of tasks. */
export function uuid(n: number): string {
  const scrambled = (BigInt(n + 1) * 0x5_deec_e66d_9e37n) & 0xffff_ffff_ffffn;
  const low = scrambled.toString(16).padStart(12, '0');
  return `0198c0de-${low.slice(0, 4)}-7${low.slice(4, 7)}-8000-${low}`;
}

let made = 0;
export function nextUuid(): string {
  made += 1;
  return uuid(made);
}

export interface TaskWish extends Partial<TaskSpec> {
  /** Default: due at once. */
  readonly due?: Submission['due'];
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
  /** Short for one limit that the client asked for: sets `concurrencyKey`, `maxConcurrency` and `limits`. */
  readonly key?: string;
  readonly max?: number;
}

export function aSubmission({ due, idempotency, ...wish }: TaskWish = {}): Submission {
  return { spec: aSpec(wish), due: due ?? { afterMs: 0 }, ...(idempotency === undefined ? {} : { idempotency }) };
}

export function aSpec({ key, max = 1, ...wish }: Omit<TaskWish, 'due' | 'idempotency'> = {}): TaskSpec {
  const asked = key === undefined ? {} : { concurrencyKey: key, maxConcurrency: max, limits: [{ key, max }] };
  return {
    id: nextUuid(),
    type: 'mail',
    payload: '{}',
    priority: 0,
    maxRetry: 3,
    retryStrategy: DEFAULT_RETRY,
    queueTimeoutMs: 0,
    processTimeoutMs: 0,
    concurrencyKey: null,
    maxConcurrency: null,
    limits: [],
    tags: [],
    parentId: null,
    ...asked,
    ...wish,
  };
}

export function aNode(wish: Partial<NodeReport> = {}): NodeReport {
  return {
    id: 'node-1',
    host: 'host-1',
    pid: 4711,
    version: '1.0.0',
    startedAt: 1_767_000_000_000,
    types: ['mail'],
    slots: 100,
    running: 0,
    draining: false,
    ...wish,
  };
}

export const succeed = (result: string | null = null): Outcome => ({ kind: 'succeed', result });
export const fail = (error = 'broken'): Outcome => ({
  kind: 'fail',
  error,
  errorCode: 'handler_error',
  attempt: 'failed',
});
export const retryIn = (delayMs: number, error = 'not yet'): Outcome => ({
  kind: 'retry',
  delayMs,
  error,
  errorCode: 'handler_error',
  attempt: 'failed',
});
export const release: Outcome = { kind: 'release' };
export const recover = (error = 'Worker node-1 was lost'): Outcome => ({ kind: 'recover', error });
export const cancelOutcome: Outcome = { kind: 'cancel' };

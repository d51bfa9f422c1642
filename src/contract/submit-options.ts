// How a program says what it wants of a task, in the names of a program; and the same in the names of the wire. What is
// allowed is judged where the task is accepted, so that every way in accepts and refuses the same.
import { parseDuration } from '../domain/duration.ts';
import { type Fault, XQueueError } from '../domain/errors.ts';
import { nearestName } from '../domain/nearest-name.ts';
import type { RetryType } from '../domain/retry.ts';

/** `"30s"`, `"5m"`, `"1h30m"`, or seconds. */
export type Duration = string | number;

export interface RetryOptions {
  readonly type?: RetryType | undefined;
  /** Wait before the first retry. */
  readonly delay?: Duration | undefined;
  /** Growth per retry: multiplies for `exponential`, adds `delay * factor` for `linear`. */
  readonly factor?: number | undefined;
  readonly maxDelay?: Duration | undefined;
  /** 0 to 1: each wait is changed by at most this share. */
  readonly jitter?: number | undefined;
}

export interface SubmitOptions {
  /** Larger runs first; default 0. */
  readonly priority?: number | undefined;
  readonly maxRetry?: number | undefined;
  readonly retryStrategy?: RetryOptions | undefined;
  /** Longest wait; 0 = no limit. */
  readonly queueTimeout?: Duration | undefined;
  /** Longest run of one attempt; 0 = no limit. */
  readonly processTimeout?: Duration | undefined;
  /** Not before, from now. At most one of `delay` and `runAt`. */
  readonly delay?: Duration | undefined;
  readonly runAt?: Date | string | undefined;
  /** Business dimension that is limited, such as `user_123`. */
  readonly concurrencyKey?: string | undefined;
  /** At most this many tasks of the key (without a key: of the type) run at once in the whole cluster. */
  readonly maxConcurrency?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Submitting again with the same key and the same task answers the first task. */
  readonly idempotencyKey?: string | undefined;
}

export const withPriority = (priority: number): SubmitOptions => ({ priority });
/** At most `max` tasks of this key run at once. */
export const withConcurrency = (key: string, max: number): SubmitOptions => ({
  concurrencyKey: key,
  maxConcurrency: max,
});
export const withRetry = (max: number, strategy?: RetryOptions): SubmitOptions => ({
  maxRetry: max,
  ...(strategy === undefined ? {} : { retryStrategy: strategy }),
});
/** One duration limits a run; an object limits wait and run. */
export const withTimeout = (
  timeout: Duration | { readonly queue?: Duration; readonly process?: Duration },
): SubmitOptions =>
  typeof timeout === 'object'
    ? { queueTimeout: timeout.queue, processTimeout: timeout.process }
    : { processTimeout: timeout };
export const withDelay = (delay: Duration): SubmitOptions => ({ delay });
export const withRunAt = (runAt: Date | string): SubmitOptions => ({ runAt });
export const withTags = (...tags: readonly string[]): SubmitOptions => ({ tags });
export const withIdempotencyKey = (key: string): SubmitOptions => ({ idempotencyKey: key });

const WIRE_NAMES: Readonly<Record<keyof SubmitOptions, string>> = {
  priority: 'priority',
  maxRetry: 'max_retry',
  retryStrategy: 'retry_strategy',
  queueTimeout: 'queue_timeout',
  processTimeout: 'process_timeout',
  delay: 'delay',
  runAt: 'run_at',
  concurrencyKey: 'concurrency_key',
  maxConcurrency: 'max_concurrency',
  tags: 'tags',
  /** Travels beside the body. */
  idempotencyKey: '',
};
const RETRY_NAMES: Readonly<Record<keyof RetryOptions, string>> = {
  type: 'type',
  delay: 'delay',
  factor: 'factor',
  maxDelay: 'max_delay',
  jitter: 'jitter',
};
const DURATIONS: ReadonlySet<string> = new Set(['queueTimeout', 'processTimeout', 'delay', 'maxDelay']);

/** A task in the shape of the wire. */
export interface WireSubmit {
  readonly body: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly idempotencyKey: string | undefined;
}

/**
 * @param options later ones win; an explicit `undefined` says nothing
 * @param at how the task is called in faults: '' for a single one, `[3].` in a list
 * @param faults what cannot be written for the wire is added here
 */
export function wireSubmit(
  type: string,
  payload: unknown,
  options: readonly SubmitOptions[],
  at: string,
  faults: Fault[],
): WireSubmit {
  const given = mergedOptions(options);
  const body: Record<string, unknown> & { type: string } = { type };
  if (payload !== undefined) body.payload = payload;
  addWireMembers(body, given, WIRE_NAMES, at, faults);
  return { body, idempotencyKey: given.idempotencyKey };
}

export function invalidTask(faults: readonly Fault[]): XQueueError {
  const lines = faults.map(({ path, message }) => `  ${path || 'task'} ${message}`);
  return new XQueueError('invalid_request', ['The task is not valid:', ...lines].join('\n'), { faults });
}

/** `/retry_strategy/max_delay` of the wire is `retryStrategy.maxDelay` in a program. */
export function programPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .join('.')
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Later options win; an explicit `undefined` says nothing. */
export function mergedOptions(options: readonly SubmitOptions[]): SubmitOptions {
  const all: Record<string, unknown> = {};
  for (const one of options) {
    for (const [name, value] of Object.entries(one)) if (value !== undefined) all[name] = value;
  }
  return all;
}

function addWireMembers(
  wire: Record<string, unknown>,
  given: object,
  names: Readonly<Record<string, string>>,
  at: string,
  faults: Fault[],
): void {
  for (const [name, value] of Object.entries(given)) {
    const wireName = Object.hasOwn(names, name) ? names[name] : undefined;
    if (wireName === undefined) faults.push({ path: at + name, message: unknownName(name, Object.keys(names)) });
    else if (wireName !== '' && value !== undefined) wire[wireName] = wireValue(name, value, at, faults);
  }
}

function wireValue(name: string, value: unknown, at: string, faults: Fault[]): unknown {
  if (name === 'retryStrategy' && typeof value === 'object' && value !== null) {
    const strategy: Record<string, unknown> = {};
    addWireMembers(strategy, value, RETRY_NAMES, `${at}retryStrategy.`, faults);
    return strategy;
  }
  if (DURATIONS.has(name)) {
    const ms = parseDuration(value);
    if (ms === null)
      faults.push({ path: at + name, message: 'must be a duration such as "30s" or a number of seconds' });
    return ms === null ? undefined : ms / 1000;
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  return value;
}

function unknownName(name: string, names: readonly string[]): string {
  const meant = nearestName(name, names);
  return `is not known${meant === null ? '' : `; did you mean ${meant}?`}`;
}

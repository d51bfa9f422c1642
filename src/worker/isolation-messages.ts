// What a node and the thread or process that runs one handler at a time say to each other. Everything can be cloned.
import type { SubmitOptions } from '../contract/submit-options.ts';
import type { CancelOptions } from '../contract/task-handle.ts';
import type { AbortCause, HandlerLog, HandlerTask } from './handler.ts';

/** Members of the context that do not change. */
export interface RunFacts {
  readonly task: HandlerTask;
  readonly attempt: number;
  readonly leaseToken: number;
  readonly idempotencyKey: string;
  readonly nodeId: string;
}

export type ToChild =
  | { readonly kind: 'run'; readonly facts: RunFacts }
  | { readonly kind: 'abort'; readonly cause: AbortCause; readonly cancelReason: string | null }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: CarriedError }
  | { readonly kind: 'lock_lost'; readonly lock: number };

/** What only the node can do. */
export type Asked =
  | { readonly what: 'progress'; readonly value: unknown }
  | { readonly what: 'lock'; readonly key: string; readonly options: { ttlMs?: number; max?: number } | undefined }
  | { readonly what: 'release'; readonly lock: number }
  | { readonly what: 'submit'; readonly type: string; readonly payload: unknown; readonly options: SubmitOptions[] }
  | { readonly what: 'get'; readonly id: string }
  | { readonly what: 'cancel'; readonly id: string; readonly options: CancelOptions }
  | { readonly what: 'wait'; readonly id: string; readonly waitMs: number };

export type FromChild =
  | { readonly kind: 'ask'; readonly call: number; readonly asked: Asked }
  | { readonly kind: 'log'; readonly level: keyof HandlerLog; readonly message: string; readonly fields: object }
  /** JSON text; `null`: nothing was returned. */
  | { readonly kind: 'returned'; readonly text: string | null }
  | { readonly kind: 'not_json'; readonly reason: string }
  | { readonly kind: 'threw'; readonly error: CarriedError };

/** Classes do not survive the way; name, message and code do. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly code?: unknown;
  readonly retryAfterSeconds?: number | undefined;
}

export function carried(thrown: unknown): CarriedError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) };
  const { name, message, stack } = thrown;
  const { code, retryAfterSeconds } = thrown as { code?: unknown; retryAfterSeconds?: unknown };
  return {
    name,
    message,
    stack,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  };
}

export function revivedError({ name, message, stack, ...rest }: CarriedError): Error {
  const error = Object.assign(new Error(message), rest);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

// Runs one handler once, without a queue: what it returned or threw, and what it did to its context on the way.
import type { AnyContract } from '../contract/define-task.ts';
import type { SubmitOptions } from '../contract/submit-options.ts';
import { TaskHandle } from '../contract/task-handle.ts';
import type { Ending } from '../domain/outcome.ts';
import type { Clock } from '../ports/clock.ts';
import { endingOfReturn, endingOfThrow } from '../worker/ending.ts';
import {
  type AbortCause,
  type ChildSubmit,
  type Handler,
  HandlerAborted,
  type HandlerContext,
  type HandlerLog,
  type HandlerTask,
  type HeldLock,
} from '../worker/handler.ts';
import { type HandlerEnd, runHandler as start } from '../worker/run.ts';
import { durationMs } from './duration-ms.ts';
import { unanswered } from './unanswered.ts';

export interface RunOptions {
  /** 1, the default, is the first attempt. */
  readonly attempt?: number;
  readonly maxRetry?: number;
  readonly tags?: readonly string[];
  /** Aborts the handler's signal after this much real time. `0`: before it starts. */
  readonly abortAfter?: string | number;
  /** Default: `canceled`. */
  readonly abortReason?: AbortCause;
  /** What the cancel gives as its reason: `ctx.signal.reason.cancelReason`. Default: nothing. */
  readonly cancelReason?: string;
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Child {
  readonly type: string;
  readonly payload: unknown;
  readonly options: readonly SubmitOptions[];
}

export interface HandlerRun {
  /** What the queue would make of it; `retry` when there are retries left. */
  readonly outcome: 'success' | 'retry' | 'failed' | 'canceled';
  /** As the caller of the task would get it, through JSON. */
  readonly result: unknown;
  /** What was thrown. */
  readonly error: unknown;
  readonly progress: readonly unknown[];
  readonly logs: readonly LogLine[];
  /** Asked for with `ctx.submit`, and not run. */
  readonly children: readonly Child[];
  /** Keys asked for with `ctx.lock`, in order; each was given at once. */
  readonly locks: readonly string[];
}

const RUN_ID = '00000000-0000-7000-8000-000000000000';
const MAX_RETRY = 3;

/** Resolves when the handler has ended; never rejects for what the handler throws. */
export async function runHandlerOn(
  clock: Clock,
  handler: Handler,
  input: unknown,
  options: RunOptions = {},
): Promise<HandlerRun> {
  const { attempt = 1, maxRetry = MAX_RETRY, tags = [], abortAfter, abortReason = 'canceled', cancelReason } = options;
  const abort = new AbortController();
  const seen = { progress: [] as unknown[], logs: [] as LogLine[], children: [] as Child[], locks: [] as string[] };
  const payloadText = JSON.stringify(input ?? {});
  const task: HandlerTask = {
    id: RUN_ID,
    type: handler.type,
    payload: JSON.parse(payloadText),
    payloadText,
    priority: 0,
    retry: attempt - 1,
    maxRetry,
    tags,
    concurrencyKey: null,
    createdAt: new Date(clock.now()),
  };
  const ctx: HandlerContext = {
    task,
    signal: abort.signal,
    attempt,
    leaseToken: attempt,
    idempotencyKey: RUN_ID,
    nodeId: 'test',
    progress: async (value) => void seen.progress.push(throughJson(value)),
    log: logInto(seen.logs),
    lock: async (key) => {
      seen.locks.push(key);
      return heldLock(key, seen.locks.length);
    },
    submit: submitInto(seen.children),
  };
  const stop = (): void => abort.abort(new HandlerAborted(abortReason, cancelReason));
  const abortMs = abortAfter === undefined ? null : durationMs('abortAfter', abortAfter);
  if (abortMs === 0) stop();
  const timer = abortMs === null ? null : clock.after(abortMs, stop);
  const end = await new Promise<HandlerEnd>((resolve) => start({ handler }, ctx, [], resolve));
  timer?.cancel();
  const ending = end.kind === 'returned' ? endingOfReturn(end.value) : endingOfThrow(end.error);
  const isCanceled = abort.signal.aborted && abortReason === 'canceled';
  return {
    outcome: isCanceled ? 'canceled' : outcomeOf(ending, attempt <= maxRetry),
    result: ending.kind === 'returned' && ending.result !== null ? JSON.parse(ending.result) : null,
    error: end.kind === 'threw' ? end.error : ending.kind === 'threw' ? new Error(ending.error) : null,
    ...seen,
  };
}

function outcomeOf(ending: Ending, mayRetry: boolean): HandlerRun['outcome'] {
  if (ending.kind === 'returned') return 'success';
  return ending.kind === 'threw' && ending.errorCode === 'handler_error' && mayRetry ? 'retry' : 'failed';
}

function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

function logInto(lines: LogLine[]): HandlerLog {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: LogLine['fields'] = {}) =>
      void lines.push({ level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function heldLock(key: string, fence: number): HeldLock {
  const release = async (): Promise<void> => undefined;
  return { key, fence, signal: new AbortController().signal, release, [Symbol.asyncDispose]: release };
}

function submitInto(children: Child[]): ChildSubmit {
  return async (of: AnyContract | string, payload?: unknown, ...options: readonly SubmitOptions[]) => {
    const isType = typeof of === 'string';
    const own = isType ? [] : [of.optionsFor(payload)];
    children.push({ type: isType ? of : of.type, payload, options: [...own, ...options] });
    return new TaskHandle(RUN_ID, unanswered);
  };
}

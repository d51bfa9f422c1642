// What a user writes: a handler is a plain object, no import needed. The context is what it is given to work with.
import type { AnyContract, HandleOf, InputOf } from '../contract/define-task.ts';
import type { SubmitOptions } from '../contract/submit-options.ts';
import type { TaskHandle } from '../contract/task-handle.ts';
import type { JsonText } from '../domain/task.ts';

/** The reasons a handler's `ctx.signal` is aborted with, as `signal.reason.reason`. */
export type AbortCause = 'canceled' | 'process_timeout' | 'lease_lost' | 'shutdown';

/** `ctx.signal.reason` is one of these, so `signal.throwIfAborted()` throws something that explains itself. */
export class HandlerAborted extends Error {
  override readonly name = 'HandlerAborted';
  readonly reason: AbortCause;
  /** What whoever canceled the task gave as the reason; `null`: nothing, or it was not canceled. */
  readonly cancelReason: string | null;
  constructor(reason: AbortCause, cancelReason: string | null = null) {
    super(`The handler was asked to stop: ${reason}${cancelReason === null ? '' : `: ${cancelReason}`}`);
    this.reason = reason;
    this.cancelReason = cancelReason;
  }
}

/** An `AbortSignal` whose reason is known: `signal.reason?.reason === 'process_timeout'`. */
export interface HandlerSignal extends AbortSignal {
  /** `undefined` until it is aborted. */
  readonly reason: HandlerAborted | undefined;
}

export interface HandlerTask<Payload = unknown> {
  readonly id: string;
  readonly type: string;
  /** Parsed payload. Integers beyond 2^53 lose digits in a JavaScript number; `payloadText` has all of them. */
  readonly payload: Payload;
  readonly payloadText: JsonText;
  readonly priority: number;
  readonly retry: number;
  readonly maxRetry: number;
  readonly tags: readonly string[];
  readonly concurrencyKey: string | null;
  readonly createdAt: Date;
}

/** Its members may be taken out of it: `const { signal, progress } = ctx`. */
export interface HandlerContext<Progress = unknown> {
  readonly task: HandlerTask;
  /** Aborted when the handler should stop; `signal.reason` says why. */
  readonly signal: HandlerSignal;
  /** 1 on the first attempt. */
  readonly attempt: number;
  /** A number that grows with each claim of any task: a fence to hand to one's own database. */
  readonly leaseToken: number;
  /** The same on every attempt of this task: hand it to services that must not do the same thing twice. */
  readonly idempotencyKey: string;
  readonly nodeId: string;
  /**
   * Reports progress (any JSON). Reports that come faster than the store takes them are merged; the newest counts.
   * Resolves when stored, rejects with `HandlerAborted` when the lease is lost.
   */
  readonly progress: (value: Progress) => Promise<void>;
  /** To the node's log, and stored with the task: its last 200 lines or 64 KiB. Never waits and never throws. */
  readonly log: HandlerLog;
  /** Waits for a lock of this name, holds it (renewed) until released or the handler ends. `max` > 1: a semaphore. */
  readonly lock: (key: string, options?: HandlerLockOptions) => Promise<HeldLock>;
  /**
   * Submits another task. An attempt that is tried again within 24 h gets the children of the attempt before it instead
   * of new ones, as long as it asks for the same: give an `idempotencyKey` of your own where it does not.
   */
  readonly submit: ChildSubmit;
}

/** As the two submits of `TaskManager`, of a contract or of a type. */
export interface ChildSubmit {
  <Contract extends AnyContract>(
    contract: Contract,
    input: InputOf<Contract>,
    ...options: readonly SubmitOptions[]
  ): Promise<HandleOf<Contract>>;
  (type: string, payload?: unknown, ...options: readonly SubmitOptions[]): Promise<TaskHandle>;
}

export interface HandlerLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface HandlerLockOptions {
  /** The hold ends this long after its last renewal, should this process die: `"10s"` or seconds; default 30 s. */
  readonly ttl?: string | number;
  /** The same in milliseconds. */
  readonly ttlMs?: number;
  /** Most holders at once; default 1. */
  readonly max?: number;
}

export interface HeldLock extends AsyncDisposable {
  readonly key: string;
  readonly fence: number;
  /** Aborted when the hold was lost. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

/** Runs around a handler. What it returns is the result; what it throws is how the attempt failed. */
export type Middleware = (ctx: HandlerContext, next: () => Promise<unknown>) => unknown;

/**
 * Where a handler runs. In a thread or a process of its own it can be ended: at its process timeout, or when the grace of
 * a cancel is over. What it takes down is then only itself.
 */
export type Isolation = 'thread' | 'process';

export interface Handler {
  readonly type: string;
  /** Default: beside all others in the node's own thread. The thread or process loads `file` and runs its handler. */
  readonly isolation?: Isolation | undefined;
  /** The module that exports this handler, as path or `import.meta.url`. Known for handlers of a handlers file. */
  readonly file?: string | undefined;
  /** Runs around `handle`, the first one outermost. */
  readonly middleware?: readonly Middleware[] | undefined;
  handle(task: HandlerTask, ctx: HandlerContext): unknown;
}

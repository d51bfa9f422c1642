// Runs handlers that ask for it in a thread or a process of their own, which is ended when they do not end: shortly after
// their process timeout, and before the grace of a cancel is over. Hosts that come to no harm are used again.
import type { TaskHandle } from '../contract/task-handle.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { type AbortCause, type Handler, HandlerAborted, type HandlerContext, type HeldLock } from './handler.ts';
import { type IsolationHost, startHost } from './isolation-host.ts';
import { type Asked, carried, type FromChild, revivedError } from './isolation-messages.ts';

/** After the abort a handler has this long to come to its own end. */
const NOTICE_MS = 100;
/** Before the pool would record the outcome without it. */
const GRACE_SHARE = 0.8;
const SHUTDOWN_GRACE_MS_MAX = 5000;
/** Of one file and kind. */
const IDLE_MAX = 4;

export class IsolatedHandlers {
  readonly #clock: Clock;
  readonly #cancelGraceMs: number;
  readonly #idle = new Map<string, IsolationHost[]>();
  #isClosed = false;

  constructor(clock: Clock, cancelGraceMs: number) {
    this.#clock = clock;
    this.#cancelGraceMs = cancelGraceMs;
  }

  /** The same handler, run where it asks to be run. */
  isolated(handler: Handler): Handler {
    const { type, isolation, file } = handler;
    if (isolation === undefined || file === undefined) return handler;
    // Its own middleware runs where it runs.
    return { type, handle: (_task, ctx) => this.#run(`${isolation} ${file}`, () => startHost(isolation, file), ctx) };
  }

  close(): void {
    this.#isClosed = true;
    for (const hosts of this.#idle.values()) for (const host of hosts) host.end();
    this.#idle.clear();
  }

  async #run(name: string, start: () => IsolationHost, ctx: HandlerContext): Promise<unknown> {
    ctx.signal.throwIfAborted();
    const host = this.#idle.get(name)?.pop() ?? start();
    host.wake();
    let timer: Timer | null = null;
    const onAbort = (): void => {
      const { reason: cause, cancelReason } = ctx.signal.reason ?? new HandlerAborted('lease_lost');
      host.send({ kind: 'abort', cause, cancelReason });
      timer = this.#clock.after(this.#noticeMs(cause), () => host.end());
    };
    ctx.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await conversation(host, ctx);
    } finally {
      ctx.signal.removeEventListener('abort', onAbort);
      (timer as Timer | null)?.cancel();
      this.#giveBack(name, host, ctx.signal.aborted ? 'aborted' : 'well');
    }
  }

  #noticeMs(cause: AbortCause): number {
    switch (cause) {
      case 'process_timeout':
      case 'lease_lost':
        return Math.min(NOTICE_MS, this.#cancelGraceMs * GRACE_SHARE);
      case 'canceled':
        return this.#cancelGraceMs * GRACE_SHARE;
      case 'shutdown':
        return Math.min(this.#cancelGraceMs, SHUTDOWN_GRACE_MS_MAX) * GRACE_SHARE;
    }
  }

  /** A handler that was aborted may have left something running behind. */
  #giveBack(name: string, host: IsolationHost, state: 'well' | 'aborted'): void {
    host.listen(
      () => undefined,
      () => undefined,
    );
    const idle = this.#idle.get(name) ?? [];
    if (host.isOver) return;
    if (this.#isClosed || state === 'aborted' || idle.length >= IDLE_MAX) return host.end();
    host.rest();
    this.#idle.set(name, [...idle, host]);
  }
}

/** One attempt: resolves or rejects with what the handler did, or with how its host ended. */
function conversation(host: IsolationHost, ctx: HandlerContext): Promise<unknown> {
  const servant = new Servant(host, ctx);
  return new Promise((resolve, reject) => {
    const hear = (message: FromChild): void => {
      switch (message.kind) {
        case 'returned':
          return resolve(message.text === null ? undefined : JSON.parse(message.text));
        case 'not_json':
          return resolve({
            toJSON: () => {
              throw new Error(message.reason);
            },
          });
        case 'threw':
          return reject(revivedError(message.error));
        case 'log':
          return ctx.log[message.level](message.message, { ...message.fields });
        case 'ask':
          return servant.serve(message.call, message.asked);
      }
    };
    host.listen(hear, (why) => {
      reject(ctx.signal.aborted ? ctx.signal.reason : new Error(`The handler was lost: ${why}`));
    });
    const { task, attempt, leaseToken, idempotencyKey, nodeId } = ctx;
    host.send({ kind: 'run', facts: { task, attempt, leaseToken, idempotencyKey, nodeId } });
  });
}

/** Does in the node what the handler asks for. */
class Servant {
  readonly #host: IsolationHost;
  readonly #ctx: HandlerContext;
  readonly #locks = new Map<number, HeldLock>();
  readonly #children = new Map<string, TaskHandle>();

  constructor(host: IsolationHost, ctx: HandlerContext) {
    this.#host = host;
    this.#ctx = ctx;
  }

  serve(call: number, asked: Asked): void {
    this.#do(asked).then(
      (value) => this.#host.send({ kind: 'answer', call, value }),
      (error: unknown) => this.#host.send({ kind: 'refusal', call, error: carried(error) }),
    );
  }

  async #do(asked: Asked): Promise<unknown> {
    switch (asked.what) {
      case 'progress':
        return this.#ctx.progress(asked.value);
      case 'lock':
        return this.#lock(asked.key, asked.options);
      case 'release':
        return this.#locks.get(asked.lock)?.release();
      case 'submit': {
        const child = await this.#ctx.submit(asked.type, asked.payload, ...asked.options);
        this.#children.set(child.id, child);
        return child.id;
      }
      case 'get':
        return this.#child(asked.id).task();
      case 'wait':
        return this.#child(asked.id).settled({
          signal: this.#ctx.signal,
          ...(Number.isFinite(asked.waitMs) ? { timeout: asked.waitMs / 1000 } : {}),
        });
      case 'cancel':
        return this.#child(asked.id).cancel(asked.options);
    }
  }

  async #lock(key: string, options?: { ttlMs?: number; max?: number }): Promise<{ lock: number; fence: number }> {
    const held = await this.#ctx.lock(key, options);
    const lock = this.#locks.size + 1;
    this.#locks.set(lock, held);
    held.signal.addEventListener('abort', () => this.#host.send({ kind: 'lock_lost', lock }), { once: true });
    return { lock, fence: held.fence };
  }

  #child(id: string): TaskHandle {
    const child = this.#children.get(id);
    if (child === undefined) throw new Error(`Task ${id} is no child of this attempt`);
    return child;
  }
}

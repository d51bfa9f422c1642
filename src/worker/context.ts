// What a handler is given to work with. Everything is made on demand: a handler that uses nothing pays for nothing.
import { parseDuration } from '../domain/duration.ts';
import { lockOwner } from '../domain/lock-names.ts';
import type { Clock } from '../ports/clock.ts';
import type { LockStore } from '../ports/lock-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { Attempt } from './attempt.ts';
import type {
  ChildSubmit,
  HandlerContext,
  HandlerLockOptions,
  HandlerLog,
  HandlerSignal,
  HandlerTask,
  HeldLock,
} from './handler.ts';
import { handlerTask } from './handler-task.ts';
import { acquireLock } from './held-lock.ts';
import type { LogPump } from './log-pump.ts';
import type { ProgressPump } from './progress-pump.ts';

export interface ContextParts {
  readonly nodeId: string;
  readonly locks: LockStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly progress: ProgressPump;
  readonly logs: LogPump;
  /** Submits on behalf of a running task. */
  readonly submitFor: (parent: HandlerTask) => ChildSubmit;
}

/** Members are getters that answer bound functions, so that `const { progress, signal } = ctx` works. */
export class AttemptContext implements HandlerContext {
  readonly #parts: ContextParts;
  readonly #attempt: Attempt;
  #log: HandlerLog | null = null;
  #task: HandlerTask | null = null;
  #submit: ChildSubmit | null = null;
  #locksTaken = 0;

  constructor(parts: ContextParts, attempt: Attempt) {
    this.#parts = parts;
    this.#attempt = attempt;
  }

  get task(): HandlerTask {
    this.#task ??= handlerTask(this.#attempt.task);
    return this.#task;
  }

  get signal(): HandlerSignal {
    return this.#attempt.signal;
  }

  get attempt(): number {
    return this.#attempt.task.attempt;
  }

  get leaseToken(): number {
    return this.#attempt.token;
  }

  get idempotencyKey(): string {
    return this.#attempt.id;
  }

  get submit(): ChildSubmit {
    this.#submit ??= this.#parts.submitFor(this.task);
    return this.#submit;
  }

  get nodeId(): string {
    return this.#parts.nodeId;
  }

  get progress(): HandlerContext['progress'] {
    return (value) => this.#parts.progress.report(this.#attempt, value);
  }

  get log(): HandlerLog {
    this.#log ??= this.#makeLog();
    return this.#log;
  }

  /** To the node's log, and to the task's own lines. */
  #makeLog(): HandlerLog {
    const { log, logs } = this.#parts;
    const { id: taskId, type, attempt } = this.#attempt.task;
    const own = log.child({ taskId, type, attempt });
    const at =
      (level: keyof HandlerLog): HandlerLog['info'] =>
      (message, fields) => {
        own[level](message, fields);
        logs.say(this.#attempt, level, message, fields);
      };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  get lock(): HandlerContext['lock'] {
    return (key, options) => {
      const lock = this.#lock(key, options);
      // A handler that ended without waiting for it must not end the process as an unhandled rejection.
      lock.catch(() => undefined);
      return lock;
    };
  }

  async #lock(key: string, { ttl, ...options }: HandlerLockOptions = {}): Promise<HeldLock> {
    const attempt = this.#attempt;
    const { locks, clock, nodeId } = this.#parts;
    const owner = lockOwner({ nodeId, taskId: attempt.id }, `${attempt.token}/${++this.#locksTaken}`);
    const ttlMs = ttl === undefined ? {} : { ttlMs: parseDuration(ttl) ?? Number.NaN };
    const lock = await acquireLock({ locks, clock, signal: attempt.signal, owner }, key, { ...options, ...ttlMs });
    if (attempt.state === 'ended') {
      // The handler did not wait for its own lock; nobody is left to give it back.
      await lock.release();
      throw new Error('The handler ended while it waited for a lock');
    }
    attempt.locks ??= new Set();
    attempt.locks.add(lock);
    return lock;
  }
}

/** Gives back what the handler still holds; the locks end by themselves if the store is away. */
export function releaseLocks(attempt: Attempt, log: Logger): void {
  for (const lock of attempt.locks ?? []) {
    lock.release().catch((error: unknown) => {
      log.warn('A lock could not be given back and will end by itself', { key: lock.key, error });
    });
  }
  attempt.locks = null;
}

// Progress reports of all running handlers travel together. While one call is under way newer reports replace older
// ones of the same attempt, so a handler that reports in a tight loop costs one write per round trip.

import { StoreUnavailable } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { type RetryStrategy, retryDelayMs } from '../domain/retry.ts';
import type { JsonText } from '../domain/task.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { TaskStore } from '../ports/task-store.ts';
import type { Attempt } from './attempt.ts';
import { isLonger, messageOf } from './ending.ts';
import { HandlerAborted } from './handler.ts';

const BACK_OFF: RetryStrategy = { type: 'exponential', delayMs: 100, factor: 2, maxDelayMs: 2000, jitter: 0.2 };

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** What one attempt still has to say. */
interface Report {
  text: JsonText;
  waiters: Waiter[];
}

export interface ProgressPumpParts {
  readonly store: Pick<TaskStore, 'progress'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onLost: (attempt: Attempt) => void;
}

export class ProgressPump {
  readonly #parts: ProgressPumpParts;
  #waiting = new Map<Attempt, Report>();
  /** The batch under way. */
  #sending: ReadonlyMap<Attempt, Report> = new Map();
  readonly #flushed = new Map<Attempt, () => void>();
  #busy = false;
  #failures = 0;

  constructor(parts: ProgressPumpParts) {
    this.#parts = parts;
  }

  /** Resolves when stored, this report or a newer one in its place. A rejection nobody looks at is harmless. */
  report(attempt: Attempt, value: unknown): Promise<void> {
    const promise = this.#report(attempt, value);
    // Handlers often do not wait for it: that must not end the process as an unhandled rejection.
    promise.catch(() => undefined);
    return promise;
  }

  /** Whether nothing of the attempt is waiting or under way. */
  isFlushed(attempt: Attempt): boolean {
    return !this.#waiting.has(attempt) && !this.#sending.has(attempt);
  }

  /**
   * Calls back when it is so; at once if it is now. While the store does
   * not take reports, those of this attempt are given up: its outcome must not wait for them.
   */
  whenFlushed(attempt: Attempt, callback: () => void): void {
    if (this.#failures > 0 && !this.#sending.has(attempt)) this.#drop(attempt);
    if (this.isFlushed(attempt)) callback();
    else this.#flushed.set(attempt, callback);
  }

  async #report(attempt: Attempt, value: unknown): Promise<void> {
    if (attempt.state === 'ended') throw new Error('Progress after the end of the handler');
    if (attempt.state !== 'running') throw new HandlerAborted(attempt.cause ?? 'lease_lost');
    const text = JSON.stringify(value ?? null) as string | undefined;
    if (text === undefined) throw new TypeError(`Progress is not JSON: it is a ${typeof value}`);
    if (isLonger(text, LIMITS.jsonBytesMax))
      throw new RangeError(`Progress is larger than ${LIMITS.jsonBytesMax} bytes`);
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const known = this.#waiting.get(attempt);
      if (known) {
        known.text = text;
        known.waiters.push(waiter);
      } else this.#waiting.set(attempt, { text, waiters: [waiter] });
      this.#start();
    });
  }

  #start(): void {
    if (this.#busy) return;
    this.#busy = true;
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = this.#take();
      this.#sending = batch;
      const failure = await this.#send(batch);
      this.#sending = new Map();
      if (failure !== null) this.#putBack(batch, failure);
      for (const attempt of batch.keys()) this.#flush(attempt);
      if (this.#failures > 0 && this.#waiting.size > 0) await this.#pause();
    }
    this.#busy = false;
  }

  #take(): Map<Attempt, Report> {
    if (this.#waiting.size <= LIMITS.batchMax) {
      const all = this.#waiting;
      this.#waiting = new Map();
      return all;
    }
    const part = new Map([...this.#waiting].slice(0, LIMITS.batchMax));
    for (const attempt of part.keys()) this.#waiting.delete(attempt);
    return part;
  }

  async #send(batch: ReadonlyMap<Attempt, Report>): Promise<unknown> {
    const reports = [...batch].map(([{ id, token }, { text }]) => ({ id, token, progress: text }));
    try {
      const replies = await this.#parts.store.progress(reports);
      this.#failures = 0;
      let index = 0;
      for (const [attempt, { waiters }] of batch) {
        if (replies[index++]?.state === 'recorded') for (const waiter of waiters) waiter.resolve();
        else this.#lost(attempt, waiters);
      }
      return null;
    } catch (error) {
      return error ?? new Error('no reason given');
    }
  }

  #lost(attempt: Attempt, waiters: readonly Waiter[]): void {
    const error = new HandlerAborted('lease_lost');
    for (const waiter of waiters) waiter.reject(error);
    // An attempt that was settled meanwhile did not lose anything.
    if (attempt.state === 'running') this.#parts.onLost(attempt);
  }

  #putBack(batch: ReadonlyMap<Attempt, Report>, error: unknown): void {
    const { log } = this.#parts;
    if (this.#failures++ === 0) log.warn('Progress could not be stored', { error: messageOf(error) });
    for (const [attempt, report] of batch) {
      const isWorthTrying = attempt.state === 'running' && error instanceof StoreUnavailable;
      const newer = this.#waiting.get(attempt);
      if (!isWorthTrying) {
        this.#waiting.delete(attempt);
        for (const waiter of [...report.waiters, ...(newer?.waiters ?? [])]) waiter.reject(error);
      } else if (newer) newer.waiters.unshift(...report.waiters);
      else this.#waiting.set(attempt, report);
    }
  }

  #drop(attempt: Attempt): void {
    const error = new StoreUnavailable('Progress could not be stored before the handler ended');
    for (const waiter of this.#waiting.get(attempt)?.waiters ?? []) waiter.reject(error);
    this.#waiting.delete(attempt);
  }

  #flush(attempt: Attempt): void {
    if (this.#waiting.has(attempt)) return;
    const callback = this.#flushed.get(attempt);
    this.#flushed.delete(attempt);
    callback?.();
  }

  #pause(): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      clock.after(retryDelayMs(BACK_OFF, this.#failures, clock.random()), resolve);
    });
  }
}

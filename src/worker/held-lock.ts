// Locks that a handler takes: waited for, renewed while held, given back when released or when the handler ends.
import { LIMITS } from '../domain/limits.ts';
import { OWN_LOCKS } from '../domain/lock-names.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Hold, LockRequest, LockStore } from '../ports/lock-store.ts';
import type { HeldLock } from './handler.ts';

const TTL_MS = 30_000;
/** A busy key is tried again after waits that grow between these two. */
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 1000;

export interface LockParts {
  readonly locks: LockStore;
  readonly clock: Clock;
  /** Aborts the waiting. */
  readonly signal: AbortSignal;
  /** Unique per acquisition. */
  readonly owner: string;
}

/** Rejects with the signal's reason when it is aborted first, or with `StoreUnavailable`. */
export async function acquireLock(
  parts: LockParts,
  key: string,
  { ttlMs = TTL_MS, max = 1 }: { readonly ttlMs?: number; readonly max?: number } = {},
): Promise<HandlerLock> {
  if (typeof key !== 'string' || key.length < 1 || key.length > LIMITS.keyLengthMax) {
    throw new RangeError(`lock: the key must be a text of 1 to ${LIMITS.keyLengthMax} characters`);
  }
  if (key.startsWith(OWN_LOCKS)) throw new RangeError(`lock: names that begin with ${OWN_LOCKS} are XQueue's own`);
  if (!(ttlMs >= 1)) throw new RangeError('lock: the time to live must be a duration of at least 1 ms');
  if (!Number.isInteger(max) || max < 1) throw new RangeError('lock: max must be a whole number of at least 1');
  const { locks, clock, signal, owner } = parts;
  const request: LockRequest = { key, owner, max, ttlMs };
  for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(waitMs * 1.5, RETRY_MS_MAX)) {
    signal.throwIfAborted();
    const sentAt = clock.monotonic();
    const hold = await locks.acquire(request);
    if (hold !== null) {
      if (!signal.aborted) return new HandlerLock(parts, request, hold, sentAt);
      await locks.release(key, owner);
      signal.throwIfAborted();
    }
    await pause(clock, waitMs * (0.5 + clock.random()), signal);
  }
}

export class HandlerLock implements HeldLock {
  readonly key: string;
  readonly fence: number;
  readonly #parts: LockParts;
  readonly #request: LockRequest;
  readonly #lost = new AbortController();
  /** Monotonic, from before the last acknowledged renewal was sent. */
  #heldUntil: number;
  #timer: Timer | null = null;
  #released: Promise<void> | null = null;

  constructor(parts: LockParts, request: LockRequest, hold: Hold, sentAt: number) {
    this.#parts = parts;
    this.#request = request;
    this.key = request.key;
    this.fence = hold.fence;
    this.#heldUntil = sentAt + hold.remainingMs;
    this.#renewIn(request.ttlMs / 3);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  release(): Promise<void> {
    this.#timer?.cancel();
    this.#released ??= this.#lost.signal.aborted
      ? Promise.resolve()
      : this.#parts.locks.release(this.#request.key, this.#request.owner);
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #renewIn(delayMs: number): void {
    const leftMs = this.#heldUntil - this.#parts.clock.monotonic();
    if (leftMs <= 0) return this.#lose();
    this.#timer = this.#parts.clock.after(Math.min(delayMs, leftMs), () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { clock, locks } = this.#parts;
    const { key, owner, ttlMs } = this.#request;
    const sentAt = clock.monotonic();
    if (sentAt >= this.#heldUntil) return this.#lose();
    let hold: Hold | null;
    try {
      hold = await locks.renew({ key, owner, ttlMs });
    } catch {
      // The store is away: the hold is good until its time is over, and so long it is worth trying.
      if (this.#released === null) this.#renewIn(ttlMs / 10);
      return;
    }
    if (this.#released !== null) return;
    if (hold === null) return this.#lose();
    this.#heldUntil = sentAt + hold.remainingMs;
    this.#renewIn(ttlMs / 3);
  }

  #lose(): void {
    this.#lost.abort(new Error(`The lock ${JSON.stringify(this.key)} was lost`));
  }
}

/** Over at once when the signal is aborted, also when it was already. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(delayMs, end);
    signal.addEventListener('abort', end, { once: true });
  });
}

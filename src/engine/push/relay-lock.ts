// One node of many speaks to the external broker: the one that holds this lock. It counts its hold by its own clock from
// before each renewal was sent, so that it stops before another node can start. A holder that dies is replaced within
// `ttlMs` plus one try.
import { StoreUnavailable } from '../../domain/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { LockStore } from '../../ports/lock-store.ts';
import type { Logger } from '../../ports/logger.ts';

export interface RelayLockOptions {
  readonly locks: LockStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly key: string;
  /** Unique per process start, so that a restarted node does not take its predecessor's hold for its own. */
  readonly owner: string;
  readonly ttlMs: number;
  /** The hold was got; `fence` is larger than that of every earlier holder. */
  readonly onHeld: (fence: number) => void;
  readonly onLost: () => void;
}

export class RelayLock {
  readonly #options: RelayLockOptions;
  #heldUntil: number | null = null;
  #timer: Timer | null = null;
  #expiry: Timer | null = null;
  #asking: Promise<void> | null = null;
  #closed = false;

  constructor(options: RelayLockOptions) {
    this.#options = options;
  }

  get held(): boolean {
    return this.#heldUntil !== null && this.#options.clock.monotonic() < this.#heldUntil;
  }

  start(): void {
    if (this.#closed) return;
    this.#asking = this.#ask().finally(() => {
      this.#asking = null;
      if (!this.#closed) this.#timer = this.#options.clock.after(this.#options.ttlMs / 3, () => this.start());
    });
  }

  /** Gives the hold back, so that another node can go on at once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#asking;
    if (this.#heldUntil === null) return;
    this.#lost();
    const { locks, key, owner, logger } = this.#options;
    await locks.release(key, owner).catch((error: unknown) => {
      const cause = error instanceof StoreUnavailable ? error.message : error;
      logger.warn('The relay lock could not be given back; it ends by itself', { error: cause });
    });
  }

  async #ask(): Promise<void> {
    const { locks, clock, logger, key, owner, ttlMs } = this.#options;
    const sentAt = clock.monotonic();
    try {
      const hold = this.held
        ? await locks.renew({ key, owner, ttlMs })
        : await locks.acquire({ key, owner, max: 1, ttlMs });
      if (hold) this.#got(hold.fence, sentAt + ttlMs);
      else this.#lost();
    } catch (error) {
      // A hold whose renewal got no answer is still a hold until its time is over.
      logger.debug('The relay lock could not be asked for', { error });
    }
  }

  #got(fence: number, until: number): void {
    const { clock, onHeld } = this.#options;
    const isNew = !this.held;
    const leftMs = until - clock.monotonic();
    if (leftMs <= 0) return this.#lost();
    if (isNew) this.#lost();
    this.#heldUntil = until;
    this.#expiry?.cancel();
    this.#expiry = clock.after(leftMs, () => this.#lost());
    if (isNew) onHeld(fence);
  }

  #lost(): void {
    this.#expiry?.cancel();
    if (this.#heldUntil === null) return;
    this.#heldUntil = null;
    this.#options.onLost();
  }
}

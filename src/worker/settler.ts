// Brings outcomes to the store. Those of one turn travel together; what cannot be written is kept and tried again until
// the store says `settled` or `lease_lost`, so an outcome is never lost while the process lives.
import { StoreUnavailable } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { type RetryStrategy, retryDelayMs } from '../domain/retry.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { LeaseRef, Settlement, SettleReply, TaskStore } from '../ports/task-store.ts';
import { messageOf } from './ending.ts';

const BACK_OFF: RetryStrategy = { type: 'exponential', delayMs: 50, factor: 2, maxDelayMs: 2000, jitter: 0.2 };
/** While some calls wait for the disk, the next may already be on their way; beyond this they gather. */
const CALLS_MAX = 4;

export interface SettlerParts {
  readonly store: Pick<TaskStore, 'settle' | 'release'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** `null`: the store can never take this one (a defect); its lease will run out. In order of the batch. */
  readonly onSettled: (batch: readonly Settlement[], replies: readonly (SettleReply | null)[]) => void;
}

export class Settler {
  readonly #parts: SettlerParts;
  #outcomes: Settlement[] = [];
  #releases: LeaseRef[] = [];
  #calls = 0;
  #isScheduled = false;
  #failures = 0;
  #waitsForStore = false;
  readonly #whenEmpty: (() => void)[] = [];

  constructor(parts: SettlerParts) {
    this.#parts = parts;
  }

  /** The store did not take the last outcomes; they wait for the next try. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  get isEmpty(): boolean {
    return this.#outcomes.length === 0 && this.#releases.length === 0 && this.#calls === 0;
  }

  add(settlement: Settlement): void {
    this.#outcomes.push(settlement);
    this.#schedule();
  }

  /** The handler of a forced settlement has ended: its slots are free. */
  release(lease: LeaseRef): void {
    this.#releases.push({ id: lease.id, token: lease.token });
    this.#schedule();
  }

  whenEmpty(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Once per turn of the event loop: handlers that end together are settled together. */
  #schedule(): void {
    if (this.#isScheduled || this.#waitsForStore || this.#calls >= CALLS_MAX) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  /** Sends all at once, however many calls are under way: what follows is worth nothing without it. */
  flush(): void {
    this.#send(Number.POSITIVE_INFINITY);
  }

  #send(callsMax = CALLS_MAX): void {
    if (this.#waitsForStore) return;
    while (this.#outcomes.length > 0 && this.#calls < callsMax) {
      const all = this.#outcomes;
      const batch = all.length <= LIMITS.batchMax ? all : all.slice(0, LIMITS.batchMax);
      this.#outcomes = all.length <= LIMITS.batchMax ? [] : all.slice(LIMITS.batchMax);
      void this.#call(() => this.#settle(batch));
    }
    if (this.#releases.length > 0 && this.#calls < callsMax) {
      const batch = this.#releases;
      this.#releases = [];
      void this.#call(() => this.#release(batch));
    }
  }

  async #call(call: () => Promise<void>): Promise<void> {
    this.#calls += 1;
    await call();
    this.#calls -= 1;
    if (this.#outcomes.length > 0 || this.#releases.length > 0) this.#schedule();
    else if (this.isEmpty) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  async #settle(batch: readonly Settlement[]): Promise<void> {
    const { store, onSettled } = this.#parts;
    let replies: readonly SettleReply[];
    try {
      replies = await store.settle(batch);
    } catch (error) {
      if (error instanceof StoreUnavailable) return this.#keep(batch, error);
      return this.#oneByOne(batch, error);
    }
    this.#succeeded();
    onSettled(batch, replies);
  }

  /** Something the store cannot take at all must not keep the outcomes beside it from being written. */
  async #oneByOne(batch: readonly Settlement[], error: unknown): Promise<void> {
    const { store, log, onSettled } = this.#parts;
    for (const one of batch) {
      try {
        if (batch.length === 1) throw error;
        onSettled([one], await store.settle([one]));
      } catch (own) {
        if (own instanceof StoreUnavailable) {
          this.#keep([one], own);
          continue;
        }
        log.error('An outcome cannot be recorded; its lease will run out', { taskId: one.id, error: own });
        onSettled([one], [null]);
      }
    }
  }

  #keep(batch: readonly Settlement[], error: StoreUnavailable): void {
    this.#outcomes = [...batch, ...this.#outcomes];
    this.#failed(error);
  }

  async #release(batch: readonly LeaseRef[]): Promise<void> {
    try {
      await this.#parts.store.release(batch);
      this.#succeeded();
    } catch (error) {
      if (error instanceof StoreUnavailable) {
        this.#releases = [...batch, ...this.#releases];
        return this.#failed(error);
      }
      this.#parts.log.error('Slots cannot be freed; they end with their leases', { error });
    }
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#parts.log.info('Outcomes can be recorded again');
    this.#failures = 0;
  }

  #failed(error: StoreUnavailable): void {
    const { clock, log } = this.#parts;
    if (this.#failures === 0) {
      log.warn('Outcomes cannot be recorded at the moment; they are kept and tried again', {
        count: this.#outcomes.length,
        error: messageOf(error),
      });
    }
    this.#failures += 1;
    if (this.#waitsForStore) return;
    this.#waitsForStore = true;
    clock.after(retryDelayMs(BACK_OFF, this.#failures, clock.random()), () => {
      this.#waitsForStore = false;
      this.#schedule();
    });
  }
}

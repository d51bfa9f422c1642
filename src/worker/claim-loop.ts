// When this node asks for work, and for how much. Woken by signals, by freed slots and by settled tasks; a slow poll is
// the net below them. Claims are sized by the free slots, at most once per turn of the event loop, and a second one
// goes out beside the first only while the queue is known to be long.
import { StoreUnavailable } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { type RetryStrategy, retryDelayMs } from '../domain/retry.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Claimed, ClaimRequest, TaskStore } from '../ports/task-store.ts';
import { messageOf } from './ending.ts';

/** Longest time without a claim while there is room. */
const POLL_MS = 5000;
/** An answer that takes longer has been lost: the same request is sent again. */
const STUCK_MS = 10_000;
/** Below five seconds, so that a node claims again soon after a store came back. */
const BACK_OFF: RetryStrategy = { type: 'exponential', delayMs: 50, factor: 2, maxDelayMs: 2000, jitter: 0.2 };

export interface ClaimLoopParts {
  readonly store: Pick<TaskStore, 'claim'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeId: string;
  readonly slots: number;
  readonly leaseMs: number;
  readonly types: () => readonly string[];
  /** Slots that are free, those promised to claims under way included. */
  readonly room: () => number;
  /**
   * Sends what is about to be settled, so that it is there before the claim: a claim that comes first finds the keys of
   * those tasks still full, comes back empty, and has to be asked again.
   */
  readonly settleFirst: () => void;
  /** @param sentAt monotonic, from before the claim was sent */
  readonly onClaimed: (claimed: readonly Claimed[], sentAt: number) => void;
}

interface Claiming {
  readonly request: ClaimRequest;
  /** When this request was first sent, and when last; monotonic. */
  readonly firstSentAt: number;
  sentAt: number;
  sends: number;
  isAnswered: boolean;
}

export class ClaimLoop {
  readonly #parts: ClaimLoopParts;
  readonly #underWay = new Set<Claiming>();
  /** Makes request ids unique over restarts of a node that keeps its name. */
  readonly #run: string;
  #requests = 0;
  #isScheduled = false;
  /** Something happened since the last claim was sent. */
  #isWanted = false;
  /** The last answer was as long as asked: there is probably more. */
  #isQueueLong = false;
  #promised = 0;
  /** A claim went out a moment ago and may not be on its way yet. */
  #hasJustAsked = false;
  #failures = 0;
  #answeredAt: number;
  #state: 'new' | 'open' | 'stopped' = 'new';
  #poll: Timer | null = null;
  readonly #whenIdle: (() => void)[] = [];

  constructor(parts: ClaimLoopParts) {
    this.#parts = parts;
    this.#run = `${parts.clock.now().toString(36)}.${Math.floor(parts.clock.random() * 2 ** 32).toString(36)}`;
    this.#answeredAt = parts.clock.monotonic();
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'open';
    this.#answeredAt = this.#parts.clock.monotonic();
    this.#armPoll();
    this.wake();
  }

  /** There may be work. */
  wake(): void {
    this.#isWanted = true;
    this.#schedule();
  }

  /** A slot became free; worth a claim only if the queue was not empty when last asked. */
  roomFreed(): void {
    this.#isWanted ||= this.#isQueueLong;
    if (this.#isWanted) this.#schedule();
  }

  get isClaiming(): boolean {
    return this.#underWay.size > 0;
  }

  /** How long there has been room and types but no answer to a claim; 0 when all is well. */
  get silentMs(): number {
    const { clock, room, types } = this.#parts;
    if (this.#state !== 'open' || room() <= 0 || types().length === 0) return 0;
    return Math.max(0, clock.monotonic() - this.#answeredAt - POLL_MS);
  }

  /** No claim starts any more. Resolves when those under way are answered or given up. */
  stop(): Promise<void> {
    this.#state = 'stopped';
    this.#poll?.cancel();
    if (this.#underWay.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
      // A store that does not answer must not hold up the end; what it took runs out with its lease.
      this.#parts.clock.after(STUCK_MS, resolve);
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#state !== 'open') return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const { slots, types, room } = this.#parts;
    if (this.#state !== 'open' || !this.#isWanted || this.#hasJustAsked || types().length === 0) return;
    const free = room() - this.#promised;
    if (free <= 0) return;
    if (this.#underWay.size > 0 && !this.#isSecondWorthwhile(free)) return;
    // Half at a time from a long queue: handlers work on one half while the store prepares the other. Never both in one
    // message: what is sent together comes back together, and from then on store and handlers would wait for each other.
    const half = Math.ceil(slots / 2);
    this.#isWanted = this.#isQueueLong && free > half;
    this.#begin(Math.min(this.#isQueueLong ? Math.min(free, half) : free, LIMITS.batchMax));
  }

  #isSecondWorthwhile(free: number): boolean {
    return this.#underWay.size === 1 && this.#failures === 0 && this.#isQueueLong && free * 4 >= this.#parts.slots;
  }

  #begin(count: number): void {
    this.#parts.settleFirst();
    const { nodeId, types, clock } = this.#parts;
    const requestId = `${nodeId}/${this.#run}/${++this.#requests}`;
    const now = clock.monotonic();
    const claiming = {
      request: { requestId, nodeId, types: types(), count },
      firstSentAt: now,
      sentAt: now,
      sends: 0,
      isAnswered: false,
    };
    this.#promised += count;
    this.#underWay.add(claiming);
    this.#hasJustAsked = true;
    // In the first of these turns it is written to the store.
    setImmediate(() => setImmediate(() => this.#mayAskAgain()));
    void this.#send(claiming);
  }

  #mayAskAgain(): void {
    this.#hasJustAsked = false;
    this.#turn();
  }

  async #send(claiming: Claiming): Promise<void> {
    const sentAt = this.#parts.clock.monotonic();
    claiming.sentAt = sentAt;
    const send = ++claiming.sends;
    let claimed: readonly Claimed[];
    try {
      claimed = await this.#parts.store.claim(claiming.request);
    } catch (error) {
      if (!claiming.isAnswered && claiming.sends === send) this.#failed(claiming, error);
      return;
    }
    // A request that was sent twice may be answered twice: only the first answer may start anything.
    if (claiming.isAnswered) return;
    if (this.#failures > 0) this.#parts.log.info('Work can be claimed again');
    this.#failures = 0;
    this.#answeredAt = this.#parts.clock.monotonic();
    this.#isQueueLong = claimed.length >= claiming.request.count;
    if (this.#isQueueLong) this.#isWanted = true;
    this.#askBeforeStart(claiming, claimed.length);
    if (claimed.length > 0) this.#parts.onClaimed(claimed, sentAt);
    if (this.#isWanted) this.#schedule();
  }

  /** The other half is asked for before handlers get the thread for this one; what was just claimed takes its slots. */
  #askBeforeStart(claiming: Claiming, taken: number): void {
    this.#end(claiming);
    this.#promised += taken;
    if (this.#isQueueLong) this.#turn();
    this.#promised -= taken;
  }

  #end(claiming: Claiming): void {
    claiming.isAnswered = true;
    this.#promised -= claiming.request.count;
    this.#underWay.delete(claiming);
    if (this.#underWay.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** The answer may have been lost after the claim was made: the same request again gets the same leases. */
  #failed(claiming: Claiming, error: unknown): void {
    const { clock, log, leaseMs } = this.#parts;
    if (this.#failures === 0) {
      const message = 'Work cannot be claimed at the moment; trying again';
      if (error instanceof StoreUnavailable) log.warn(message, { error: messageOf(error) });
      else log.error(message, { error });
    }
    this.#failures += 1;
    clock.after(retryDelayMs(BACK_OFF, this.#failures, clock.random()), () => {
      if (claiming.isAnswered) return;
      // Much later its leases, if any, are over or nearly so: a fresh request sizes itself by what is free then.
      const isOld = clock.monotonic() - claiming.firstSentAt > leaseMs / 3;
      if (this.#state === 'open' && !isOld) return void this.#send(claiming);
      this.#end(claiming);
      this.wake();
    });
  }

  #armPoll(): void {
    this.#poll = this.#parts.clock.after(POLL_MS, () => {
      this.#armPoll();
      this.#watchOver();
      this.wake();
    });
  }

  /** Sees what no event reports: a call that never came back. */
  #watchOver(): void {
    const { clock, log } = this.#parts;
    const now = clock.monotonic();
    for (const claiming of this.#underWay) {
      if (now - claiming.sentAt < STUCK_MS) continue;
      log.warn('The store has not answered a claim; asking again', { afterMs: Math.round(now - claiming.sentAt) });
      void this.#send(claiming);
    }
  }
}

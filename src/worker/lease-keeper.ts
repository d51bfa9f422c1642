// Keeps the leases of one node alive: renews them all in one call per heartbeat interval, counts by a monotonic clock,
// and tells what came back. Pure logic; it runs in a thread of its own (lease-keeper-thread.ts) or beside the pool.
import type { Clock, Timer } from '../ports/clock.ts';
import type { HeartbeatReply, HeartbeatRequest, LeaseRef } from '../ports/task-store.ts';
import { ByToken } from './by-token.ts';

/** One call carries at most this many leases. */
const PAGE = 1000;

export interface HeldLease extends LeaseRef {
  /** The lease is lost when it was not renewed by then; monotonic. */
  readonly leaseUntil: number;
  /** No renewal counts past this: process deadline plus grace; monotonic, `Infinity` = none. */
  readonly renewableUntil: number;
  /**
   * One more heartbeat goes out at this instant, shortly before `renewableUntil`: it shows the store that the node is
   * there and its handler hangs, which is a timeout and not a lost node. Monotonic, `Infinity` = none.
   */
  readonly lastBeatAt: number;
}

/** A cancel was requested. */
export interface CanceledAttempt {
  readonly token: number;
  /** What the request gave; left out: none. */
  readonly reason?: string;
}

/** Times are monotonic, by the clock of whoever receives it. */
export interface KeeperNews {
  readonly renewed: readonly { readonly token: number; readonly leaseUntil: number }[];
  readonly canceled: readonly CanceledAttempt[];
  readonly lost: readonly number[];
}

/** What the pool needs, wherever the keeper runs. One call per claim batch and per settle batch, never per task. */
export interface LeaseKeeping {
  /** No claim before this: a handler may block the thread at once. */
  readonly ready: Promise<void>;
  hold(leases: readonly HeldLease[]): void;
  drop(tokens: readonly number[]): void;
  /** Delivers news that waits because the event loop was blocked. Call before judging that a lease is over. */
  catchUp(): void;
  close(): Promise<void>;
}

export interface KeeperHooks {
  readonly onNews: (news: KeeperNews) => void;
  /** All leases that should be held now; asked for when a keeper's thread died and another takes over. */
  readonly held: () => readonly HeldLease[];
}
export type KeeperFactory = (hooks: KeeperHooks) => LeaseKeeping;

export interface LeaseKeeperOptions {
  readonly nodeId: string;
  readonly heartbeat: (request: HeartbeatRequest) => Promise<HeartbeatReply[]>;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Takes in what was said and not heard yet; called before the leases are gone through. */
  readonly catchUp?: () => void;
  readonly onNews: (news: KeeperNews) => void;
  /** The first failure of a row; renewals are tried again until the leases are over. */
  readonly onFault: (error: unknown) => void;
}

interface Kept extends HeldLease {
  leaseUntil: number;
}

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leases = new ByToken<Kept>();
  #timer: Timer | null = null;
  #armedAt = Number.POSITIVE_INFINITY;
  #nextLastBeatAt = Number.POSITIVE_INFINITY;
  /** A lease came so late that it would end before its first renewal. */
  #isUrgent = false;
  #beating = false;
  #failures = 0;
  #closed = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  hold(leases: readonly HeldLease[]): void {
    const { clock, intervalMs } = this.#options;
    const now = clock.monotonic();
    for (const { id, token, leaseUntil, renewableUntil, lastBeatAt } of leases) {
      if (leaseUntil < Math.min(now + intervalMs, renewableUntil)) this.#isUrgent = true;
      this.drop([token]);
      this.#leases.add({ id, token, leaseUntil, renewableUntil, lastBeatAt });
      if (lastBeatAt < this.#nextLastBeatAt) this.#nextLastBeatAt = lastBeatAt;
    }
    if (this.#beating) return;
    if (this.#timer === null) this.#arm(intervalMs);
    else if (this.#isUrgent || this.#nextLastBeatAt < this.#armedAt) this.#arm(this.#armedAt - now);
  }

  drop(tokens: readonly number[]): void {
    for (const token of tokens) {
      const lease = this.#leases.get(token);
      if (lease !== undefined) this.#leases.delete(lease);
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = null;
    // Without leases there is nothing to keep: an idle node sends nothing.
    if (this.#closed || this.#leases.size === 0) return;
    const now = clock.monotonic();
    this.#armedAt = this.#isUrgent ? now : Math.min(now + delayMs, Math.max(now, this.#nextLastBeatAt));
    this.#timer = clock.after(this.#armedAt - now, () => {
      this.#timer = null;
      this.#beating = true;
      void this.#beat();
    });
  }

  async #beat(): Promise<void> {
    const { clock, intervalMs, onFault, catchUp } = this.#options;
    catchUp?.();
    const startedAt = clock.monotonic();
    this.#isUrgent = false;
    const leases = this.#alive(startedAt);
    let nextMs = intervalMs;
    try {
      for (let from = 0; from < leases.length; from += PAGE) await this.#renew(leases.slice(from, from + PAGE));
      this.#failures = 0;
      nextMs = Math.max(0, startedAt + intervalMs - clock.monotonic());
    } catch (error) {
      if (this.#failures === 0 && !this.#closed) onFault(error);
      nextMs = Math.min(intervalMs / 4, 100 * 2 ** Math.min(this.#failures++, 6));
    }
    this.#beating = false;
    this.#arm(nextMs);
  }

  /**
   * Those that may still be renewed; the others are told as lost. A lease that ended although no renewal failed ended while
   * this process stood still. So may the store have done, and it then keeps what was alive: it is asked before giving up.
   */
  #alive(now: number): Kept[] {
    const lost: number[] = [];
    const alive: Kept[] = [];
    this.#nextLastBeatAt = Number.POSITIVE_INFINITY;
    for (const lease of this.#leases.all()) {
      const stoodStill = this.#failures === 0 && lease.renewableUntil > now;
      if (lease.leaseUntil > now || stoodStill) alive.push(lease);
      else lost.push(lease.token);
      if (lease.lastBeatAt > now) this.#nextLastBeatAt = Math.min(this.#nextLastBeatAt, lease.lastBeatAt);
    }
    this.drop(lost);
    if (lost.length > 0) this.#options.onNews({ renewed: [], canceled: [], lost });
    return alive;
  }

  async #renew(leases: readonly Kept[]): Promise<void> {
    const { nodeId, heartbeat, clock, onNews } = this.#options;
    // From before the call was sent: the store cannot have judged earlier than that.
    const sentAt = clock.monotonic();
    const replies = await heartbeat({ nodeId, leases: leases.map(({ id, token }) => ({ id, token })) });
    if (this.#closed) return;
    const renewed: { token: number; leaseUntil: number }[] = [];
    const canceled: CanceledAttempt[] = [];
    const lost: number[] = [];
    for (const [index, lease] of leases.entries()) {
      const reply = replies[index];
      // Settled and dropped while the call was under way: `lost` is then no news.
      if (reply === undefined || this.#leases.get(lease.token) === undefined) continue;
      if (reply.state === 'lost') {
        lost.push(lease.token);
        continue;
      }
      lease.leaseUntil = Math.max(lease.leaseUntil, Math.min(sentAt + reply.remainingMs, lease.renewableUntil));
      renewed.push({ token: lease.token, leaseUntil: lease.leaseUntil });
      const { cancelRequested, cancelReason: reason } = reply;
      if (cancelRequested) canceled.push({ token: lease.token, ...(reason === undefined ? {} : { reason }) });
    }
    this.drop(lost);
    onNews({ renewed, canceled, lost });
  }
}

/** The keeper beside the pool, for stores in the same thread and clocks that tests move. */
export function localLeaseKeeper(options: Omit<LeaseKeeperOptions, 'onNews'>): KeeperFactory {
  return ({ onNews }) => {
    const keeper = new LeaseKeeper({ ...options, onNews });
    return {
      ready: Promise.resolve(),
      hold: (leases) => keeper.hold(leases),
      drop: (tokens) => keeper.drop(tokens),
      catchUp: () => undefined,
      close: async () => keeper.close(),
    };
  };
}

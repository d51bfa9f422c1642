// Two stores that get the same calls. Replies must be the same; only tokens and fences may be called differently, as
// long as each name on one side always means the same one on the other.
import assert from 'node:assert/strict';
import { ManualClock } from '../../src/adapters/clock/manual-clock.ts';
import type { LockStore } from '../../src/ports/lock-store.ts';
import type { Claimed, LeaseRef, StoreSettings, TaskStore } from '../../src/ports/task-store.ts';
import type { OpenStore, StoreUnderTest } from '../conformance/stores.ts';

/** One claim as both stores call it. */
export interface PairedLease {
  readonly id: string;
  readonly tokens: readonly [number, number];
  readonly nodeId: string;
}

export interface Side {
  readonly store: TaskStore;
  readonly locks: LockStore;
  /** A lease as this side calls it. */
  readonly ref: (lease: PairedLease) => LeaseRef;
  /** Where this side has read its outbox to. */
  outboxPosition: string | null;
}

export class Pair {
  readonly left: Side;
  readonly right: Side;
  readonly #opened: readonly [OpenStore, OpenStore];
  readonly #fences = new Map<number, number>();

  private constructor(left: OpenStore, right: OpenStore) {
    this.#opened = [left, right];
    this.left = side(left, 0);
    this.right = side(right, 1);
  }

  static async open(left: StoreUnderTest, right: StoreUnderTest, settings: StoreSettings): Promise<Pair> {
    const one = await left.open({ clock: new ManualClock(), settings });
    return new Pair(one, await right.open({ clock: new ManualClock(), settings }));
  }

  get now(): number {
    return this.#opened[0].clock.now();
  }

  async advance(ms: number): Promise<void> {
    for (const { clock } of this.#opened) await clock.advance(ms);
  }

  async setClock(unixMs: number): Promise<void> {
    for (const { clock } of this.#opened) await clock.set(unixMs);
  }

  /** Asks both and compares. The reply is the left one. */
  async both<T>(ask: (side: Side) => Promise<T>): Promise<T> {
    const left = await ask(this.left);
    assert.deepEqual(await ask(this.right), left);
    return left;
  }

  /** As `both`, for replies that carry tokens of new claims. */
  async claims(ask: (side: Side) => Promise<Claimed[]>): Promise<{ claimed: Claimed[]; leases: PairedLease[] }> {
    const left = await ask(this.left);
    const right = await ask(this.right);
    assert.deepEqual(right.map(withoutToken), left.map(withoutToken));
    const leases = left.map(({ task, lease }, index): PairedLease => {
      const other = right[index]?.lease.token ?? Number.NaN;
      return { id: task.id, tokens: [lease.token, other], nodeId: task.workerId ?? '' };
    });
    return { claimed: left, leases };
  }

  /** Fences are numbers of each store's own; they must pair up one to one and rise together. */
  fence(left: number, right: number): void {
    const known = this.#fences.get(left);
    if (known !== undefined) assert.equal(right, known, 'the same hold has the same fence');
    for (const [a, b] of this.#fences) assert.equal(Math.sign(left - a), Math.sign(right - b), 'fences rise alike');
    this.#fences.set(left, right);
  }

  async close(): Promise<void> {
    for (const opened of this.#opened) await opened.dispose();
  }
}

function side({ store, locks }: OpenStore, index: 0 | 1): Side {
  return { store, locks, ref: ({ id, tokens }) => ({ id, token: tokens[index] }), outboxPosition: null };
}

function withoutToken({ task, lease: { token: _token, ...lease } }: Claimed): unknown {
  return { task, lease };
}

// What a test is given: an empty store, its clock, and short words for what clients and nodes do with it.
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { ManualClock } from '../../src/adapters/clock/manual-clock.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Task, TaskWithAttempts } from '../../src/domain/task.ts';
import type { LockStore } from '../../src/ports/lock-store.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';
import type {
  CancelReply,
  Claimed,
  HeartbeatReply,
  LeaseRef,
  ReviveReply,
  Settlement,
  SettleReply,
  Signal,
  StoreSettings,
  TaskStore,
} from '../../src/ports/task-store.ts';
import { aSubmission, SETTINGS, type TaskWish } from './builders.ts';
import type { OpenStore, StoreUnderTest, TestClock } from './stores.ts';

const SIGNAL_DEADLINE_MS = 2000;

export class Fixture {
  readonly store: TaskStore;
  readonly locks: LockStore;
  readonly clock: TestClock;
  readonly settings: StoreSettings;
  readonly signals: Signal[] = [];
  /** `partial` once a test has trimmed the outbox. */
  history: 'complete' | 'partial' = 'complete';
  closed = false;
  #claims = 0;

  private constructor(opened: OpenStore, settings: StoreSettings) {
    this.store = opened.store;
    this.locks = opened.locks;
    this.clock = opened.clock;
    this.settings = settings;
    this.store.onSignal((signal) => this.signals.push(signal));
  }

  static async open(
    sut: StoreUnderTest,
    changes: Partial<StoreSettings> = {},
  ): Promise<{ readonly fixture: Fixture; readonly dispose: () => Promise<void> }> {
    const settings = { ...SETTINGS, ...changes };
    const opened = await sut.open({ clock: new ManualClock(), settings });
    return { fixture: new Fixture(opened, settings), dispose: () => opened.dispose() };
  }

  // --- clients --------------------------------------------------------------------------------------------------
  async submit(wish: TaskWish = {}): Promise<Task> {
    const [reply] = await this.store.submit([aSubmission(wish)]);
    assert.ok(reply && reply.state !== 'conflict', `submit answered ${JSON.stringify(reply)}`);
    return reply.task;
  }

  /** `count` equal tasks, in one batch, in order. */
  async submitMany(count: number, wish: TaskWish | ((index: number) => TaskWish) = {}): Promise<Task[]> {
    const wishes = Array.from({ length: count }, (_, index) => (typeof wish === 'function' ? wish(index) : wish));
    const replies = await this.store.submit(wishes.map(aSubmission));
    return replies.map((reply) => {
      assert.equal(reply.state, 'created');
      return reply.task;
    });
  }

  async task({ id }: { readonly id: string }): Promise<TaskWithAttempts> {
    const [task] = await this.store.get([id]);
    assert.ok(task, `task ${id} is gone`);
    return task;
  }

  async cancel({ id }: { readonly id: string }, reason?: string): Promise<CancelReply> {
    return only(await this.store.cancel([{ id, ...(reason === undefined ? {} : { reason }) }]));
  }

  async revive({ id }: { readonly id: string }): Promise<ReviveReply> {
    return only(await this.store.revive([id]));
  }

  // --- nodes ----------------------------------------------------------------------------------------------------
  async claim(count: number, options: { readonly types?: readonly string[]; readonly nodeId?: string } = {}) {
    const { types = ['mail'], nodeId = 'node-1' } = options;
    this.#claims += 1;
    return this.store.claim({ requestId: `claim-${this.#claims}`, nodeId, types, count });
  }

  /** Claims exactly one. */
  async claimOne(options: { readonly types?: readonly string[]; readonly nodeId?: string } = {}): Promise<Claimed> {
    return only(await this.claim(1, options));
  }

  /** A running task: submitted and claimed. */
  async running(wish: TaskWish = {}): Promise<Claimed> {
    const task = await this.submit(wish);
    const claimed = await this.claimOne({ types: [task.type] });
    assert.equal(claimed.task.id, task.id, 'the claim took another task');
    return claimed;
  }

  async settle(
    { lease }: { readonly lease: LeaseRef },
    outcome: Outcome,
    how: Partial<Pick<Settlement, 'handler' | 'by'>> = {},
  ): Promise<SettleReply> {
    const { handler = 'ended', by = 'holder' } = how;
    return only(await this.store.settle([{ id: lease.id, token: lease.token, outcome, handler, by }]));
  }

  async heartbeat({ lease }: { readonly lease: LeaseRef }, nodeId = 'node-1'): Promise<HeartbeatReply> {
    return only(await this.store.heartbeat({ nodeId, leases: [{ id: lease.id, token: lease.token }] }));
  }

  async progress({ lease }: { readonly lease: LeaseRef }, progress: string): Promise<string> {
    return only(await this.store.progress([{ id: lease.id, token: lease.token, progress }])).state;
  }

  async release({ lease }: { readonly lease: LeaseRef }): Promise<void> {
    await this.store.release([{ id: lease.id, token: lease.token }]);
  }

  // --- looking --------------------------------------------------------------------------------------------------
  /** Every event still in the outbox, oldest first. */
  async events(): Promise<TaskEvent[]> {
    const events: TaskEvent[] = [];
    let after: string | null = null;
    for (;;) {
      const page = await this.store.readOutbox(after, 1000);
      const last = page.at(-1);
      if (!last) return events;
      assert.notEqual(last.position, after, 'reading goes on after the position it was given');
      for (const entry of page) events.push(...entry.events());
      after = last.position;
    }
  }

  async trimOutbox(position: string): Promise<void> {
    this.history = 'partial';
    await this.store.trimOutbox(position);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.store.close();
  }

  async eventsOf({ id }: { readonly id: string }): Promise<TaskEvent[]> {
    return (await this.events()).filter((event) => event.taskId === id);
  }

  /** Ids that are claimed one by one until nothing is left; what they show is the order of the store. */
  async claimAll(types: readonly string[] = ['mail']): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const [claimed] = await this.claim(1, { types });
      if (!claimed) return ids;
      assert.ok(!ids.includes(claimed.task.id), 'a task was claimed while it ran');
      ids.push(claimed.task.id);
    }
  }

  /** Waits for a signal that fits; signals of a store may arrive after the reply. */
  async signal<K extends Signal['kind']>(
    kind: K,
    fits: (signal: Extract<Signal, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<Signal, { kind: K }>> {
    const isIt = (signal: Signal): signal is Extract<Signal, { kind: K }> => signal.kind === kind;
    const deadline = performance.now() + SIGNAL_DEADLINE_MS;
    for (;;) {
      const found = this.signals.filter(isIt).find(fits);
      if (found) return found;
      const seen = JSON.stringify(this.signals);
      assert.ok(performance.now() < deadline, `no fitting signal '${kind}' came; seen: ${seen}`);
      await turn();
    }
  }
}

export function only<T>(list: readonly T[]): T {
  assert.equal(list.length, 1, `exactly one expected: ${JSON.stringify(list)}`);
  return list[0] as T;
}

export const idOf = ({ id }: { readonly id: string }): string => id;
export const idOfClaimed = ({ task }: Claimed): string => task.id;

// The reference: the whole TaskStore and LockStore written straight from docs/store-semantics.md, by brute force.
// No lanes, no indexes, no counters kept ahead. It is the other side of the differential test and the first store
// that the conformance suite runs on. It must stay obviously right; it need not be fast.
import { StoreUnavailable } from '../../src/domain/errors.ts';
import type { TaskWithAttempts } from '../../src/domain/task.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { LockStore } from '../../src/ports/lock-store.ts';
import type { LogStore } from '../../src/ports/log-store.ts';
import type { OutboxEntry } from '../../src/ports/outbox.ts';
import type {
  AuditFinding,
  CancelReply,
  CancelRequest,
  Claimed,
  ClaimRequest,
  DrainWish,
  HeartbeatReply,
  HeartbeatRequest,
  KeyState,
  LeaseRef,
  ListQuery,
  LostLease,
  NodeReport,
  NodeState,
  ProgressReply,
  ProgressReport,
  PurgeSweep,
  ReviveReply,
  Settlement,
  SettleReply,
  Signal,
  StoreSettings,
  StoreStats,
  Submission,
  SubmitReply,
  TaskPage,
  TaskStore,
  TimerSweep,
} from '../../src/ports/task-store.ts';
import { audit } from './audit.ts';
import * as life from './life.ts';
import * as locks from './locks.ts';
import * as logs from './logs.ts';
import * as outbox from './outbox.ts';
import * as reads from './reads.ts';
import * as settling from './settle.ts';
import { Signals } from './signals.ts';
import { ModelState } from './state.ts';
import * as sweeps from './sweeps.ts';

export class ModelStore implements TaskStore {
  readonly kind = 'embedded';
  readonly durability = 'memory';
  readonly locks: LockStore;
  readonly logs: LogStore;
  readonly #state: ModelState;
  readonly #signals = new Signals();
  #closed = false;

  /** @param state a broken one, in the tests of the tests */
  constructor(clock: Clock, settings: StoreSettings, state: ModelState = new ModelState(clock, settings)) {
    this.#state = state;
    this.locks = {
      acquire: (request) => this.#step((state) => locks.acquire(state, request)),
      renew: (request) => this.#step((state) => locks.renew(state, request)),
      release: (key, owner) => this.#step((state) => locks.releaseHold(state, key, owner)),
      holds: () => this.#step(locks.holds),
    };
    this.logs = {
      append: (batch) => this.#step((state) => logs.append(state, batch)),
      read: (id, after) => this.#step((state) => logs.read(state, id, after)),
    };
  }

  submit(batch: readonly Submission[]): Promise<SubmitReply[]> {
    return this.#step((state) => life.submit(state, batch));
  }
  claim(request: ClaimRequest): Promise<Claimed[]> {
    return this.#step((state) => life.claim(state, request));
  }
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply[]> {
    return this.#step((state) => life.heartbeat(state, request));
  }
  settle(batch: readonly Settlement[]): Promise<SettleReply[]> {
    return this.#step((state) => settling.settle(state, batch));
  }
  progress(batch: readonly ProgressReport[]): Promise<ProgressReply[]> {
    return this.#step((state) => life.progress(state, batch));
  }
  cancel(batch: readonly CancelRequest[]): Promise<CancelReply[]> {
    return this.#step((state) => life.cancel(state, batch));
  }
  revive(ids: readonly string[]): Promise<ReviveReply[]> {
    return this.#step((state) => life.revive(state, ids));
  }
  async release(batch: readonly LeaseRef[]): Promise<void> {
    await this.#step((state) => settling.release(state, batch));
  }

  sweepTimers(limit: number): Promise<TimerSweep> {
    return this.#step((state) => sweeps.sweepTimers(state, limit));
  }
  lostLeases(limit: number): Promise<LostLease[]> {
    return this.#step((state) => sweeps.lostLeases(state, limit));
  }
  purge(limit: number): Promise<PurgeSweep> {
    return this.#step((state) => sweeps.purge(state, limit));
  }
  audit(): Promise<AuditFinding[]> {
    return this.#step(audit);
  }

  get(ids: readonly string[]): Promise<(TaskWithAttempts | null)[]> {
    return this.#look((state) => ids.map((id) => reads.get(state, id)));
  }
  list(query: ListQuery): Promise<TaskPage> {
    return this.#look((state) => reads.list(state, query));
  }
  stats(): Promise<StoreStats> {
    return this.#look(reads.stats);
  }
  concurrency(): Promise<KeyState[]> {
    return this.#look(reads.concurrency);
  }
  nodes(): Promise<NodeState[]> {
    return this.#step(reads.nodes);
  }

  async setLimit(key: string, max: number | null): Promise<void> {
    await this.#step(({ operatorLimits }) => {
      if (max === null) operatorLimits.delete(key);
      else operatorLimits.set(key, max);
    });
  }
  async reportNode(report: NodeReport): Promise<void> {
    await this.#step(({ nodes, now }) => {
      const drain = nodes.get(report.id)?.drain ?? false;
      nodes.set(report.id, { report: structuredClone(report), heardAt: now, drain });
    });
  }
  async forgetNode(nodeId: string): Promise<void> {
    await this.#step(({ nodes }) => nodes.delete(nodeId));
  }
  setDrain(nodeId: string, wish: DrainWish): Promise<{ readonly state: 'done' | 'not_found' }> {
    return this.#step((state) => life.setDrain(state, nodeId, wish));
  }

  readOutbox(after: string | null, limit: number): Promise<OutboxEntry[]> {
    return this.#step((state) => outbox.read(state, after, limit));
  }
  async trimOutbox(position: string): Promise<void> {
    await this.#step((state) => outbox.trim(state, position));
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    return this.#signals.listen(listener);
  }
  async ping(): Promise<void> {
    await this.#step(() => null);
  }
  async close(): Promise<void> {
    this.#closed = true;
  }

  /** One call = one step: it begins at one instant, and all it changed goes to the outbox as one entry. */
  async #step<T>(work: (state: ModelState) => T): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('The store is closed');
    this.#state.begin();
    const reply = work(this.#state);
    const wrote = outbox.write(this.#state);
    this.#signals.after(this.#state, wrote);
    return reply;
  }

  #look<T>(work: (state: ModelState) => T): Promise<T> {
    return this.#step((state) => {
      sweeps.settleTime(state);
      return work(state);
    });
  }
}

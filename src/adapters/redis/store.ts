// The Redis store as the rest of the house sees it: the port, over one shard.

import type { Transferable } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { StoreUnavailable } from '../../domain/errors.ts';
import type { TaskWithAttempts } from '../../domain/task.ts';
import type { LockStore } from '../../ports/lock-store.ts';
import type { LogIntake } from '../../ports/log-intake.ts';
import type { LogStore } from '../../ports/log-store.ts';
import type { OutboxEntry } from '../../ports/outbox.ts';
import type { TaskRestorer } from '../../ports/task-restore.ts';
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
} from '../../ports/task-store.ts';
import { audit } from './audit.ts';
import type { Calls, ScriptArgs, StepReply } from './calls.ts';
import { cancel, revive } from './changing.ts';
import type { Connection } from './connection.ts';
import { FirstClaims } from './first-claims.ts';
import { concurrency } from './key-states.ts';
import { lockStore } from './locks.ts';
import { logIntake } from './log-intake.ts';
import { logStore } from './logs.ts';
import { stats } from './numbers.ts';
import { readOutbox, trimOutbox } from './outbox.ts';
import { get, list } from './reading.ts';
import { forgetNode, nodes, reportNode, setDrain } from './registry.ts';
import { type Cursor, relayCursor } from './relay-cursor.ts';
import { taskRestorer } from './restoring.ts';
import { claim, heartbeat, lostLeases, progress, release, settle } from './running.ts';
import type { Shard } from './shard.ts';
import type { Signals } from './signals.ts';
import type { Check } from './start-checks.ts';
import { submit } from './submitting.ts';
import { purge, sweepTimers } from './sweeping.ts';

/** How the lease keeper's thread reaches the store: a module with `connect(data)`. */
export interface LeaseConnector {
  readonly module: string;
  readonly data: unknown;
  readonly transferList: readonly Transferable[];
}

export interface RedisStoreParts {
  readonly calls: Calls;
  /** For steps others wait for, for reads that may be large, and for signals. */
  readonly connections: { readonly steps: Connection; readonly reads: Connection; readonly signals: Connection };
  readonly signals: Signals;
  readonly settings: StoreSettings;
  readonly durability: 'fsync' | 'process' | 'memory';
  /** What the server said of itself when the store was opened. */
  readonly checks: readonly Check[];
  readonly newRequestId: () => string;
  /** What the key of each task begins with. */
  readonly taskKey: string;
  /** Name of the topic its tasks come from; `null`: there is no log in front of it. */
  readonly logTopic: string | null;
  readonly leaseConnector: () => LeaseConnector;
}

export class RedisStore implements TaskStore {
  readonly kind = 'redis';
  readonly durability: RedisStoreParts['durability'];
  readonly locks: LockStore;
  readonly logs: LogStore;
  /** How far the outbox has been told, for all nodes. */
  readonly relayCursor: Cursor;
  /** For tasks that come from a log, if there is one. */
  readonly intake: LogIntake;
  /** For tasks that it has lost and a log still knows. */
  readonly restorer: TaskRestorer;
  /** Findings of the start, for the log and `xqueue doctor`. */
  readonly checks: readonly Check[];
  readonly #parts: RedisStoreParts;
  readonly #shard: Shard;
  readonly #firsts = new FirstClaims();
  #isClosed = false;

  constructor(parts: RedisStoreParts) {
    this.#parts = parts;
    this.durability = parts.durability;
    this.checks = parts.checks;
    const { steps, reads } = parts.connections;
    this.#shard = {
      taskKey: parts.taskKey,
      log: parts.logTopic === null ? null : { topic: parts.logTopic, tag: crc32(parts.logTopic) },
      step: (name, args) => this.#step(steps, name, args),
      // Each connection comes back by itself: with one of them up, nobody is refused for the other.
      read: (name, args) => this.#step(reads.link === null ? steps : reads, name, args),
    };
    this.locks = lockStore(this.#shard);
    this.logs = logStore(this.#shard, parts.newRequestId);
    this.relayCursor = relayCursor(this.#shard);
    this.restorer = taskRestorer(this.#shard);
    this.intake = logIntake(this.#shard, parts.logTopic ?? '');
  }

  leaseConnector(): LeaseConnector {
    return this.#parts.leaseConnector();
  }

  submit(batch: readonly Submission[]): Promise<SubmitReply[]> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailable('The store is closed'));
    return submit(this.#shard, batch);
  }

  async claim(request: ClaimRequest): Promise<Claimed[]> {
    await this.#actsFor(request.nodeId);
    const { settings, signals } = this.#parts;
    const comeAgain = (): void => signals.work(request.types);
    return claim(this.#shard, request, { settings, firsts: this.#firsts, comeAgain });
  }

  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply[]> {
    return heartbeat(this.#shard, request);
  }

  settle(batch: readonly Settlement[]): Promise<SettleReply[]> {
    return settle(this.#shard, batch, this.#firsts);
  }

  release(batch: readonly LeaseRef[]): Promise<void> {
    return release(this.#shard, batch);
  }

  progress(batch: readonly ProgressReport[]): Promise<ProgressReply[]> {
    return progress(this.#shard, batch, this.#parts.newRequestId());
  }

  cancel(batch: readonly CancelRequest[]): Promise<CancelReply[]> {
    return cancel(this.#shard, batch, this.#parts.newRequestId());
  }

  revive(ids: readonly string[]): Promise<ReviveReply[]> {
    return revive(this.#shard, ids, this.#parts.newRequestId());
  }

  sweepTimers(limit: number): Promise<TimerSweep> {
    return sweepTimers(this.#shard, limit);
  }

  lostLeases(limit: number): Promise<LostLease[]> {
    return lostLeases(this.#shard, limit, this.#parts.settings);
  }

  purge(limit: number): Promise<PurgeSweep> {
    return purge(this.#shard, limit);
  }

  audit(mode: 'report' | 'repair'): Promise<AuditFinding[]> {
    return audit(this.#shard, mode);
  }

  get(ids: readonly string[]): Promise<(TaskWithAttempts | null)[]> {
    return get(this.#shard, ids);
  }

  list(query: ListQuery): Promise<TaskPage> {
    return list(this.#shard, query);
  }

  stats(): Promise<StoreStats> {
    return stats(this.#shard);
  }

  concurrency(): Promise<KeyState[]> {
    return concurrency(this.#shard);
  }

  nodes(): Promise<NodeState[]> {
    return nodes(this.#shard, this.#parts.settings);
  }

  async setLimit(key: string, max: number | null): Promise<void> {
    await this.#shard.step('set-limit', { key, max: max ?? -1 });
  }

  async reportNode(report: NodeReport): Promise<void> {
    await this.#actsFor(report.id);
    await reportNode(this.#shard, report);
  }

  forgetNode(nodeId: string): Promise<void> {
    return forgetNode(this.#shard, nodeId);
  }

  setDrain(nodeId: string, wish: DrainWish): Promise<{ readonly state: 'done' | 'not_found' }> {
    return setDrain(this.#shard, nodeId, wish);
  }

  readOutbox(after: string | null, limit: number): Promise<OutboxEntry[]> {
    return readOutbox(this.#shard, after, limit);
  }

  trimOutbox(position: string): Promise<void> {
    return trimOutbox(this.#shard, position);
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    return this.#parts.signals.listen(listener);
  }

  async ping(): Promise<void> {
    await this.#parts.connections.steps.send(['PING']);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const { steps, reads, signals } = this.#parts.connections;
    for (const connection of [signals, reads, steps]) connection.close();
  }

  async #step(connection: Connection, name: string, args?: ScriptArgs): Promise<StepReply> {
    const reply = await this.#parts.calls.step(connection, name, args);
    this.#parts.signals.work(reply.workTypes);
    return reply;
  }

  /** Before a node first asks for work its channel is followed, so that no hint can fall between the two. */
  async #actsFor(nodeId: string): Promise<void> {
    if (nodeId.includes('\n')) throw new StoreUnavailable(`'${nodeId}' cannot be the name of a node`);
    this.#parts.calls.origin = nodeId;
    await this.#parts.signals.follow(nodeId);
  }
}

// The embedded store as the rest of the house sees it: the port, over whichever host runs it.
import type { Transferable } from 'node:worker_threads';
import { acceptedTask } from '../../domain/accepted-task.ts';
import type { TaskWithAttempts } from '../../domain/task.ts';
import type { LockStore } from '../../ports/lock-store.ts';
import type { LogStore } from '../../ports/log-store.ts';
import type { OutboxEntry } from '../../ports/outbox.ts';
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
  StoreStats,
  Submission,
  SubmitReply,
  TaskPage,
  TaskStore,
  TimerSweep,
} from '../../ports/task-store.ts';
import { toClaimed } from './claimed.ts';
import { eventsOf } from './event-text.ts';
import type { Host } from './host.ts';
import { toTask } from './rows.ts';
import { settlementRow, settleReply } from './settlement-row.ts';
import { submissionRow } from './submission-row.ts';

/** How the lease keeper's thread reaches the store: a module with `connect(data)`. */
export interface LeaseConnector {
  readonly module: string;
  readonly data: unknown;
  readonly transferList: readonly Transferable[];
}

export class SqliteStore implements TaskStore {
  readonly locks: LockStore;
  readonly logs: LogStore;
  readonly kind = 'embedded';
  readonly durability: 'fsync' | 'memory';
  readonly failed: Promise<string> | undefined;
  readonly #host: Host;
  readonly #connect: (() => LeaseConnector) | null;
  readonly #claims = new RecentClaims();

  constructor(
    host: Host,
    options: { readonly durability: 'fsync' | 'memory'; readonly connect: (() => LeaseConnector) | null },
  ) {
    this.#host = host;
    this.failed = host.failed;
    this.durability = options.durability;
    this.#connect = options.connect;
    this.locks = {
      acquire: (request) => host.call('acquire', request),
      renew: (request) => host.call('renew', request),
      release: (key, owner) => host.call('releaseHold', key, owner),
      holds: () => host.call('holds'),
    };
    this.logs = {
      append: (batch) => host.call('appendLogs', batch),
      read: (id, after) => host.call('readLogs', id, after),
    };
  }

  /** `null` when the store runs in the caller's own thread: then so must the lease keeper. */
  leaseConnector(): LeaseConnector | null {
    return this.#connect?.() ?? null;
  }

  async submit(batch: readonly Submission[]): Promise<SubmitReply[]> {
    const replies = await this.#host.call('submit', batch.map(submissionRow));
    return batch.map((submission, index): SubmitReply => {
      const reply = replies[index];
      if (reply?.state === 'created')
        return { state: 'created', task: acceptedTask(submission.spec, ...reply.acceptance) };
      return reply && 'row' in reply ? { state: reply.state, task: toTask(reply.row) } : { state: 'conflict' };
    });
  }

  claim(request: ClaimRequest): Promise<Claimed[]> {
    return this.#claims.once(request.requestId, async () =>
      (await this.#host.call('claim', request)).flatMap(toClaimed),
    );
  }

  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply[]> {
    return this.#host.call('heartbeat', request);
  }

  async settle(batch: readonly Settlement[]): Promise<SettleReply[]> {
    return (await this.#host.call('settle', batch.map(settlementRow))).map(settleReply);
  }

  release(batch: readonly LeaseRef[]): Promise<void> {
    return this.#host.call('release', batch);
  }

  progress(batch: readonly ProgressReport[]): Promise<ProgressReply[]> {
    return this.#host.call('progress', batch);
  }

  async cancel(batch: readonly CancelRequest[]): Promise<CancelReply[]> {
    const replies = await this.#host.call('cancel', batch);
    return replies.map((reply) =>
      reply.state === 'not_found' ? reply : { state: reply.state, task: toTask(reply.row) },
    );
  }

  async revive(ids: readonly string[]): Promise<ReviveReply[]> {
    const replies = await this.#host.call('revive', ids);
    return replies.map((reply) =>
      reply.state === 'not_found' ? reply : { state: reply.state, task: toTask(reply.row) },
    );
  }

  sweepTimers(limit: number): Promise<TimerSweep> {
    return this.#host.call('sweepTimers', limit);
  }

  lostLeases(limit: number): Promise<LostLease[]> {
    return this.#host.call('lostLeases', limit);
  }

  purge(limit: number): Promise<PurgeSweep> {
    return this.#host.call('purge', limit);
  }

  audit(mode: 'report' | 'repair'): Promise<AuditFinding[]> {
    return this.#host.call('audit', mode);
  }

  async get(ids: readonly string[]): Promise<(TaskWithAttempts | null)[]> {
    const rows = await this.#host.call('get', ids);
    return rows.map((row) => (row ? { ...toTask(row), attempts: row.attempts } : null));
  }

  async list(query: ListQuery): Promise<TaskPage> {
    const { rows, total } = await this.#host.call('list', query);
    return { tasks: rows.map(toTask), total };
  }

  stats(): Promise<StoreStats> {
    return this.#host.call('stats');
  }

  concurrency(): Promise<KeyState[]> {
    return this.#host.call('concurrency');
  }

  nodes(): Promise<NodeState[]> {
    return this.#host.call('nodes');
  }

  setLimit(key: string, max: number | null): Promise<void> {
    return this.#host.call('setLimit', key, max);
  }

  reportNode(report: NodeReport): Promise<void> {
    return this.#host.call('reportNode', report);
  }

  forgetNode(nodeId: string): Promise<void> {
    return this.#host.call('forgetNode', nodeId);
  }

  setDrain(nodeId: string, wish: DrainWish): Promise<{ readonly state: 'done' | 'not_found' }> {
    return this.#host.call('setDrain', nodeId, wish);
  }

  async readOutbox(after: string | null, limit: number): Promise<OutboxEntry[]> {
    const rows = await this.#host.call('readOutbox', after, limit);
    return rows.map(([position, events]) => ({
      position: String(position),
      events: () => eventsOf(events),
    }));
  }

  trimOutbox(position: string): Promise<void> {
    return this.#host.call('trimOutbox', position);
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    return this.#host.onSignal(listener);
  }

  async ping(): Promise<void> {
    await this.#host.call('ping');
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}

/** A claim asked twice gets the same answer. Replies cannot get lost inside a process, so a few are enough. */
class RecentClaims {
  readonly #recent = new Map<string, Promise<Claimed[]>>();

  once(requestId: string, claim: () => Promise<Claimed[]>): Promise<Claimed[]> {
    const known = this.#recent.get(requestId);
    if (known) return known;
    const answer = claim();
    this.#recent.set(requestId, answer);
    // A claim that failed took nothing and may be asked again.
    answer.catch(() => this.#recent.delete(requestId));
    if (this.#recent.size > 16) this.#recent.delete(this.#recent.keys().next().value ?? requestId);
    return answer;
  }
}

// The attempts of this node: starts what was claimed, aborts what must stop, settles what ended. A slot is taken from the
// claim until the handler has really ended, whatever was recorded before that.
import type { Ending, Outcome } from '../domain/outcome.ts';
import { outcomeOf } from '../domain/outcome.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { CanceledLease, Claimed, Settlement, SettleReply, TaskStore } from '../ports/task-store.ts';
import { Attempt } from './attempt.ts';
import { ByToken } from './by-token.ts';
import { ClaimLoop } from './claim-loop.ts';
import { AttemptContext, type ContextParts, releaseLocks } from './context.ts';
import { Deadlines } from './deadlines.ts';
import { IsolatedHandlers } from './isolation.ts';
import type { HeldLease, KeeperFactory, KeeperNews, LeaseKeeping } from './lease-keeper.ts';
import { LogPump } from './log-pump.ts';
import { ProgressPump } from './progress-pump.ts';
import type { HandlerRegistry } from './registry.ts';
import { type HandlerEnd, judge, runHandler } from './run.ts';
import { Settler } from './settler.ts';
import { StartQueue } from './start-queue.ts';

/** Cancel hints without a known claim that are remembered; a heartbeat brings those that are not. */
const EARLY_MAX = 1000;

export interface PoolParts {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: HandlerRegistry;
  readonly leaseKeeper: KeeperFactory;
  readonly settings: {
    readonly nodeId: string;
    readonly maxConcurrency: number;
    readonly cancelGraceMs: number;
    readonly leaseMs: number;
  };
  readonly submitFor: ContextParts['submitFor'];
  /** How many run has changed. */
  readonly onRunning: () => void;
}

export class Pool {
  readonly #parts: PoolParts;
  readonly claims: ClaimLoop;
  readonly #settler: Settler;
  readonly #keeper: LeaseKeeping;
  readonly #deadlines: Deadlines;
  readonly #context: ContextParts;
  /** Those that take a slot. */
  readonly #attempts = new ByToken<Attempt>();
  /** Those whose outcome is not recorded yet. */
  readonly #unsettled = new ByToken<Attempt>();
  /** Settled while their handlers still ran, by token; their slots in the store wait for `release`. */
  readonly #outlived = new Map<number, Attempt>();
  readonly #waiting: StartQueue;
  readonly #isolated: IsolatedHandlers;
  #isDraining = false;
  /** Cancel signals for claims whose answer is still on its way. */
  readonly #early = new Set<number>();
  #whenSettled: (() => void)[] = [];

  constructor(parts: PoolParts) {
    const { store, clock, log, registry, settings } = parts;
    const { nodeId, maxConcurrency, leaseMs } = settings;
    this.#parts = parts;
    this.#settler = new Settler({ store, clock, log, onSettled: (batch, replies) => this.#settled(batch, replies) });
    this.#keeper = parts.leaseKeeper({ onNews: (news) => this.#hear(news), held: () => this.#held() });
    this.#isolated = new IsolatedHandlers(clock, settings.cancelGraceMs);
    this.#waiting = new StartQueue(clock, (attempt, now) => this.#start(attempt, now));
    this.#deadlines = new Deadlines(clock, (now) => this.#due(now));
    const progress = new ProgressPump({ store, clock, log, onLost: (attempt) => this.#lose(attempt) });
    const logs = new LogPump({ store: store.logs, clock, log });
    this.#context = { nodeId, locks: store.locks, clock, log, progress, logs, submitFor: parts.submitFor };
    this.claims = new ClaimLoop({
      store,
      clock,
      log,
      nodeId,
      leaseMs,
      slots: maxConcurrency,
      types: () => registry.types,
      room: () => this.#room(),
      settleFirst: () => this.#settler.flush(),
      onClaimed: (claimed, sentAt) => this.#claimed(claimed, sentAt),
    });
    void this.#keeper.ready.then(() => this.claims.start());
  }

  /** Handlers that run or are about to. */
  get running(): number {
    return this.#attempts.size;
  }

  /** Attempts whose outcome the store does not know yet. */
  get unsettled(): number {
    return this.#unsettled.size;
  }

  /** A cancel was requested; the hint may come before the answer of the claim it is about. */
  cancel(leases: readonly CanceledLease[]): void {
    for (const { token, reason } of leases) {
      const attempt = this.#unsettled.get(token);
      if (attempt) this.#cancel(attempt, reason);
      else if (this.claims.isClaiming && this.#early.size < EARLY_MAX) this.#early.add(token);
    }
  }

  /** What is claimed from now on goes back at once, and so does what has not started. */
  beginDrain(): Promise<void> {
    this.#isDraining = true;
    for (const attempt of this.#waiting.takeAll()) this.#giveBack(attempt);
    return this.claims.stop();
  }

  abortAll(): void {
    for (const attempt of this.#attempts.all()) if (attempt.state === 'running') attempt.abort('shutdown');
  }

  /** Records `release` for every handler that still runs. */
  forceAll(): void {
    for (const attempt of this.#attempts.all())
      if (attempt.state === 'running') this.#force(attempt, { kind: 'shut_down' });
  }

  /** Resolves when every outcome is recorded. */
  async whenSettled(): Promise<void> {
    if (this.#unsettled.size > 0) await new Promise<void>((resolve) => this.#whenSettled.push(resolve));
    await this.#settler.whenEmpty();
  }

  async close(): Promise<void> {
    this.#deadlines.close();
    this.#isolated.close();
    await this.#keeper.close();
  }

  // --- from the claim to the start --------------------------------------------------------------------------------

  #room(): number {
    const { maxConcurrency } = this.#parts.settings;
    // While outcomes cannot be written nothing new is taken on: what is kept in memory stays bounded.
    if (this.#settler.isFailing || this.#unsettled.size > 2 * maxConcurrency + 1000) return 0;
    return maxConcurrency - this.#attempts.size;
  }

  #claimed(claimed: readonly Claimed[], sentAt: number): void {
    const { registry, log, settings } = this.#parts;
    const accepted: Attempt[] = [];
    let dueAt = Number.POSITIVE_INFINITY;
    for (const { task, lease } of claimed) {
      const handler = registry.get(task.type);
      if (handler === undefined || this.#unsettled.get(lease.token) !== undefined) {
        log.error('The store gave out a task that was not asked for', { taskId: task.id, type: task.type });
        continue;
      }
      const attempt = new Attempt(task, lease, handler, sentAt, settings.cancelGraceMs);
      this.#unsettled.add(attempt);
      this.#attempts.add(attempt);
      accepted.push(attempt);
      if (attempt.dueAt < dueAt) dueAt = attempt.dueAt;
      if (task.cancelRequested || this.#early.has(attempt.token)) attempt.abort('canceled');
    }
    this.#parts.onRunning();
    if (!this.claims.isClaiming) this.#early.clear();
    // Before the first handler gets the thread: it may keep it for as long as it likes.
    this.#keeper.hold(accepted);
    this.#deadlines.include(dueAt);
    if (this.#isDraining) for (const attempt of accepted) this.#giveBack(attempt);
    else this.#waiting.add(accepted);
  }

  #start(attempt: Attempt, now: number): void {
    // A claim whose answer came late, or a batch that waited long for the thread.
    if (attempt.leaseUntil <= now) this.#keeper.catchUp();
    if (attempt.leaseUntil <= now) this.#lose(attempt);
    // Lost while it waited, or given back: nothing to start any more.
    if (attempt.state !== 'waiting') return;
    if (attempt.cause === 'canceled') return this.#endUnstarted(attempt, { kind: 'canceled' });
    attempt.state = 'running';
    const context = new AttemptContext(this.#context, attempt);
    const handler = this.#isolated.isolated(attempt.handler);
    runHandler({ handler }, context, this.#parts.registry.middleware, (end) => this.#ended(attempt, end));
  }

  #giveBack(attempt: Attempt): void {
    if (attempt.state !== 'waiting') return;
    this.#endUnstarted(attempt, { kind: attempt.cause === 'canceled' ? 'canceled' : 'shut_down' });
  }

  #endUnstarted(attempt: Attempt, ending: Ending): void {
    attempt.state = 'ended';
    this.#free(attempt);
    this.#settle(attempt, ending, 'ended');
  }

  // --- from the end of a handler to its outcome -------------------------------------------------------------------

  #ended(attempt: Attempt, end: HandlerEnd): void {
    const { state } = attempt;
    attempt.state = 'ended';
    if (attempt.locks !== null) releaseLocks(attempt, this.#parts.log);
    this.#free(attempt);
    switch (state) {
      case 'running': {
        const ending = judge(attempt, end, this.#parts.clock.monotonic());
        const { progress, logs } = this.#context;
        if (logs.isFlushed(attempt) && progress.isFlushed(attempt)) return this.#settle(attempt, ending, 'ended');
        return this.#settleWhenFlushed(attempt, ending);
      }
      case 'forced':
        if (this.#outlived.delete(attempt.token)) this.#settler.release(attempt);
        return;
      case 'lost':
        return this.#parts.log.info('A handler that had lost its lease has ended', { taskId: attempt.id });
      case 'waiting':
      case 'ended':
        throw new Error(`a handler ended in state ${state}`);
    }
  }

  /** What was said and reported before the end must be there before the end is. */
  #settleWhenFlushed(attempt: Attempt, ending: Ending): void {
    const { progress, logs } = this.#context;
    logs.whenFlushed(attempt, () => progress.whenFlushed(attempt, () => this.#settle(attempt, ending, 'ended')));
  }

  /** The slot of this node. Those in the store are freed by the settlement. */
  #free(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    this.#parts.onRunning();
    this.claims.roomFreed();
  }

  #settle(attempt: Attempt, ending: Ending, handler: Settlement['handler']): void {
    const outcome: Outcome = outcomeOf(attempt.task, ending, this.#parts.clock.random());
    this.#settler.add({ id: attempt.id, token: attempt.token, outcome, handler, by: 'holder' });
  }

  /** Records the outcome although the handler does not end; the slot stays taken until it does. */
  #force(attempt: Attempt, ending: Ending): void {
    attempt.state = 'forced';
    this.#parts.log.warn('A handler does not stop; its outcome is recorded without it', {
      taskId: attempt.id,
      type: attempt.task.type,
      reason: attempt.cause,
    });
    this.#settle(attempt, ending, 'running');
  }

  #settled(batch: readonly Settlement[], replies: readonly (SettleReply | null)[]): void {
    const tokens: number[] = [];
    for (const { id, token, handler } of batch) {
      const reply = replies[tokens.length];
      tokens.push(token);
      const attempt = this.#unsettled.get(token);
      if (attempt !== undefined) this.#unsettled.delete(attempt);
      if (reply?.state === 'lease_lost') {
        this.#parts.log.warn('An outcome came after its lease was over and does not count', { taskId: id });
      }
      if (handler === 'ended' || attempt === undefined) continue;
      if (attempt.state === 'forced') this.#outlived.set(token, attempt);
      else this.#settler.release(attempt);
    }
    this.#keeper.drop(tokens);
    this.claims.wake();
    this.#tellIfSettled();
  }

  #tellIfSettled(): void {
    if (this.#unsettled.size > 0) return;
    for (const resolve of this.#whenSettled.splice(0)) resolve();
  }

  // --- news and time ----------------------------------------------------------------------------------------------

  #held(): HeldLease[] {
    return this.#unsettled.all();
  }

  #hear({ renewed, canceled, lost }: KeeperNews): void {
    for (const { token, leaseUntil } of renewed) {
      const attempt = this.#unsettled.get(token);
      if (attempt) attempt.leaseUntil = Math.max(attempt.leaseUntil, leaseUntil);
    }
    for (const { token, reason } of canceled) {
      const attempt = this.#unsettled.get(token);
      if (attempt) this.#cancel(attempt, reason);
    }
    for (const token of lost) {
      const attempt = this.#unsettled.get(token);
      if (attempt) this.#lose(attempt);
    }
  }

  #cancel(attempt: Attempt, reason: string | undefined): void {
    if (attempt.cause === 'canceled' || attempt.cause === 'lease_lost') return;
    if (attempt.state === 'waiting') return attempt.abort('canceled');
    if (attempt.state !== 'running') return;
    attempt.abort('canceled', reason);
    this.#forceAt(attempt, this.#parts.clock.monotonic() + this.#parts.settings.cancelGraceMs);
  }

  /** The task may already run elsewhere: the handler is told, and nothing of it will be recorded. */
  #lose(attempt: Attempt): void {
    const { state } = attempt;
    if (state !== 'running' && state !== 'waiting') return;
    this.#parts.log.warn('The lease of a running task was lost', { taskId: attempt.id, type: attempt.task.type });
    this.#unsettled.delete(attempt);
    this.#keeper.drop([attempt.token]);
    attempt.state = state === 'running' ? 'lost' : 'ended';
    attempt.abort('lease_lost');
    if (state === 'waiting') this.#free(attempt);
    this.#tellIfSettled();
  }

  /** At `at`, but early enough for the store to take it. */
  #forceAt(attempt: Attempt, at: number): void {
    attempt.forceAt = Math.min(attempt.forceAt, at, attempt.forceLatestAt);
    this.#deadlines.include(attempt.forceAt);
  }

  /** Does what is due; answers with the next instant. */
  #due(now: number): number {
    // If the event loop was blocked, renewals that did happen wait in the keeper's port.
    this.#keeper.catchUp();
    let next = Number.POSITIVE_INFINITY;
    for (const attempt of this.#attempts.all()) {
      if (attempt.dueAt <= now) this.#act(attempt, now);
      if (attempt.dueAt < next) next = attempt.dueAt;
    }
    return next;
  }

  #act(attempt: Attempt, now: number): void {
    if (attempt.isLeaseOver(now)) return this.#lose(attempt);
    if (attempt.forceAt <= now) {
      const ending: Ending = { kind: attempt.cause === 'canceled' ? 'canceled' : 'ran_too_long' };
      return attempt.state === 'waiting' ? this.#endUnstarted(attempt, ending) : this.#force(attempt, ending);
    }
    if (attempt.tellDeadlineAt > now) return;
    attempt.tellDeadlineAt = Number.POSITIVE_INFINITY;
    attempt.abort('process_timeout');
    this.#forceAt(attempt, Number.POSITIVE_INFINITY);
  }
}

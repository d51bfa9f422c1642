// A node's working part: a pool of slots, the signals that move it, its report to the others, and its orderly end.
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Signal, TaskStore } from '../ports/task-store.ts';
import type { ChildSubmit, HandlerTask } from './handler.ts';
import type { KeeperFactory } from './lease-keeper.ts';
import { localLeaseKeeper } from './lease-keeper.ts';
import { NodeReporter } from './node-reporter.ts';
import { Pool } from './pool.ts';
import type { HandlerRegistry } from './registry.ts';

/** After the abort at the end of the shutdown grace, handlers get at most this long to notice. */
const ABORT_GRACE_MS_MAX = 5000;
/** No answer to a claim for this long, with room and handlers: the node is not healthy. */
const SILENT_MS_MAX = 10_000;

/** Durations in ms. */
export interface WorkerSettings {
  /** Unique per process start, or at least per running process. */
  readonly nodeId: string;
  /** Handlers at once. */
  readonly maxConcurrency: number;
  readonly shutdownGraceMs: number;
  readonly cancelGraceMs: number;
  readonly leaseMs: number;
  readonly heartbeatIntervalMs: number;
  /** What the other nodes and the console are told. */
  readonly host: string;
  readonly pid: number;
  readonly version: string;
}

export interface WorkerParts {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: HandlerRegistry;
  readonly settings: WorkerSettings;
  /** What `ctx.submit` of a running task does; default: this node submits nothing. */
  readonly submitFor?: (parent: HandlerTask) => ChildSubmit;
  /** Default: beside the pool, which keeps no lease while a handler blocks the thread. */
  readonly leaseKeeper?: KeeperFactory;
}

export interface WorkerHealth {
  /** `stalled`: there is room and there are handlers, but the store has not answered a claim for some seconds. */
  readonly status: 'ok' | 'stalled' | 'draining';
  readonly running: number;
  readonly slots: number;
  /** Outcomes the store does not know yet, running attempts included. */
  readonly unsettled: number;
}

export interface Worker {
  health(): WorkerHealth;
  /**
   * Takes no new tasks, waits `shutdownGraceMs` for running handlers, then aborts them and records `release` for what
   * does not end. Resolves when every outcome is recorded, at the latest one lease later; the same promise each time.
   */
  drain(): Promise<void>;
  /** Drains if that has not been done, then takes the node off the list. The store stays open. */
  close(): Promise<void>;
}

/** Starts at once: as soon as the lease keeper is ready and handlers are registered. */
export function createWorker(parts: WorkerParts): Worker {
  return new NodeWorker(parts);
}

class NodeWorker implements Worker {
  readonly #parts: WorkerParts;
  readonly #pool: Pool;
  readonly #reporter: NodeReporter;
  readonly #stopListening: (() => void)[];
  #draining: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: WorkerParts) {
    const { store, clock, log, registry, settings } = parts;
    const { nodeId, heartbeatIntervalMs: intervalMs, maxConcurrency: slots, host, pid, version } = settings;
    const startedAt = clock.now();
    this.#parts = parts;
    const leaseKeeper = parts.leaseKeeper ?? besideThePool(parts);
    this.#pool = new Pool({
      store,
      clock,
      log,
      registry,
      settings,
      leaseKeeper,
      submitFor: parts.submitFor ?? noSubmit,
      onRunning: () => this.#reporter.runningChanged(),
    });
    this.#reporter = new NodeReporter({
      store,
      clock,
      log,
      intervalMs,
      report: () => ({
        id: nodeId,
        host,
        pid,
        version,
        startedAt,
        types: registry.types,
        slots,
        running: this.#pool.running,
        draining: this.#draining !== null,
      }),
    });
    this.#stopListening = [
      store.onSignal((signal) => this.#hear(signal)),
      registry.onChange(() => {
        this.#reporter.changed();
        this.#pool.claims.wake();
      }),
    ];
    this.#reporter.changed();
  }

  health(): WorkerHealth {
    const { running, unsettled, claims } = this.#pool;
    const isSilent = claims.silentMs > SILENT_MS_MAX;
    const status = this.#draining === null ? (isSilent ? 'stalled' : 'ok') : 'draining';
    return { status, running, slots: this.#parts.settings.maxConcurrency, unsettled };
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #hear(signal: Signal): void {
    switch (signal.kind) {
      case 'work':
        if (signal.types.some((type) => this.#parts.registry.has(type))) this.#pool.claims.wake();
        return;
      case 'cancel':
        if (signal.nodeId === this.#parts.settings.nodeId) this.#pool.cancel(signal.leases);
        return;
      case 'timer':
      case 'outbox':
        return;
    }
  }

  async #drain(): Promise<void> {
    const { settings, log } = this.#parts;
    const { shutdownGraceMs, cancelGraceMs, leaseMs } = settings;
    // Deferred by a turn, so that `draining` is already true when the report is made.
    await Promise.resolve();
    this.#reporter.changed();
    await this.#pool.beginDrain();
    const settled = this.#pool.whenSettled();
    if (await this.#within(settled, shutdownGraceMs)) return;
    if (this.#pool.running > 0) log.info('Handlers still run at the end of the shutdown grace; aborting them');
    this.#pool.abortAll();
    if (await this.#within(settled, Math.min(cancelGraceMs, ABORT_GRACE_MS_MAX))) return;
    this.#pool.forceAll();
    if (await this.#within(settled, leaseMs)) return;
    log.error(
      'Outcomes could not be recorded before the end; their tasks will be taken back when their leases are over',
      {
        count: this.#pool.unsettled,
      },
    );
  }

  async #close(): Promise<void> {
    await this.drain();
    for (const stop of this.#stopListening) stop();
    await this.#pool.close();
    await this.#reporter.close();
  }

  async #within(settled: Promise<void>, graceMs: number): Promise<boolean> {
    const grace = Promise.withResolvers<boolean>();
    const timer = this.#parts.clock.after(graceMs, () => grace.resolve(false));
    const isSettled = await Promise.race([settled.then(() => true), grace.promise]);
    timer.cancel();
    return isSettled;
  }
}

function besideThePool({ store, clock, log, settings }: WorkerParts): KeeperFactory {
  return localLeaseKeeper({
    nodeId: settings.nodeId,
    heartbeat: (request) => store.heartbeat(request),
    clock,
    intervalMs: settings.heartbeatIntervalMs,
    onFault: (error) => log.warn('Leases could not be renewed, trying again', { error }),
  });
}

function noSubmit(): ChildSubmit {
  return () => Promise.reject(new Error('ctx.submit: this worker has nothing to submit to'));
}

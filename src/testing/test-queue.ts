// A queue for tests: the engine, the store and the worker of production, in memory, with a clock that the test moves.
import type { AnyContract, InputOf } from '../contract/define-task.ts';
import type { Duration } from '../contract/submit-options.ts';
import type { TaskView } from '../contract/task-view.ts';
import { LIMITS } from '../domain/limits.ts';
import type { Status } from '../domain/task.ts';
import { type ManagedNode, TaskManagerBase } from '../sdk/task-manager.ts';
import { durationMs } from './duration-ms.ts';

/** What a test queue needs of its clock. */
export interface TestClock {
  now(): number;
  monotonic(): number;
  /** Moves to the next timer within this time and fires it, together with those due within `grainMs` after it. */
  fireNext(withinMs: number, grainMs: number): 'fired' | 'none_due';
  /** Lets time pass, with what is due in it. */
  advance(ms: number): void;
}

/** One task as a test looks at it. */
export interface Submitted<Input = unknown> extends TaskView {
  readonly payload: Input;
}

const DRAIN_WITHIN: Duration = '30d';
const UNFINISHED: readonly Status[] = ['pending', 'processing'];
/** Instants are exact to this share of the time that passes: what is due within it happens together. */
const GRAIN_SHARE = 0.002;
/** And to this share of the time that a lease has between two renewals and its end, and of the grace of an abort. */
const GRAIN_LEASE_SHARE = 0.25;
const GRAIN_GRACE_SHARE = 0.5;
/** A queue that is at rest does nothing for so many turns of the event loop. */
const QUIET_TURNS = 4;

export class TestQueue extends TaskManagerBase {
  readonly #clock: TestClock;
  readonly #grainMsMax: number;
  /** Grows with each start and end of a handler. */
  #activity = 0;

  constructor(node: ManagedNode, clock: TestClock) {
    super(node);
    this.#clock = clock;
    const { leaseMs, heartbeatIntervalMs, cancelGraceMs } = node.config.queue;
    const spareMs = (leaseMs - heartbeatIntervalMs) * GRAIN_LEASE_SHARE;
    this.#grainMsMax = Math.max(0, Math.floor(Math.min(spareMs, cancelGraceMs * GRAIN_GRACE_SHARE)));
    this.use(async (_ctx, next) => {
      this.#activity++;
      try {
        return await next();
      } finally {
        this.#activity++;
      }
    });
  }

  /** The queue's present. It moves only in `advance` and `drain`. */
  get now(): Date {
    return new Date(this.#clock.now());
  }

  /**
   * Lets this much time pass: tasks become due, run, are retried, time out, in the order they would. Handlers take no
   * time by themselves; one that waits for something outside the queue (a file, a real timer) is not waited for: await
   * its handle's `result()`.
   */
  async advance(duration: Duration): Promise<void> {
    const ms = durationMs('advance', duration);
    const until = this.#clock.monotonic() + ms;
    const grainMs = this.#grainMs(ms);
    const leftMs = (): number => until - this.#clock.monotonic();
    await this.#settle();
    while (this.#clock.fireNext(leftMs(), grainMs) === 'fired') await this.#settle();
    this.#clock.advance(leftMs());
  }

  /**
   * Lets time pass until no task waits or runs, but no longer than `within` (default 30 days).
   * @throws when tasks are left; the message names them and why they wait
   */
  async drain({ within = DRAIN_WITHIN }: { readonly within?: Duration } = {}): Promise<void> {
    const start = this.#clock.monotonic();
    const withinMs = durationMs('within', within);
    await this.#settle();
    while (await this.#hasUnfinished()) {
      const passedMs = this.#clock.monotonic() - start;
      const state = this.#clock.fireNext(withinMs - passedMs, this.#grainMs(passedMs));
      if (state === 'none_due') throw new Error(await this.#leftOver(within));
      await this.#settle();
    }
  }

  /** The tasks of this contract or type, in the order they were accepted, whatever became of them. */
  async submitted<Contract extends AnyContract>(of: Contract): Promise<Submitted<InputOf<Contract>>[]>;
  async submitted(type: string): Promise<Submitted[]>;
  async submitted(of: AnyContract | string): Promise<Submitted[]> {
    const type = typeof of === 'string' ? of : of.type;
    const all: Submitted[] = [];
    for (;;) {
      const { tasks } = await this.list({ type, order: 'asc', limit: LIMITS.listLimitMax, offset: all.length });
      all.push(...tasks);
      if (tasks.length < LIMITS.listLimitMax) return all;
    }
  }

  #grainMs(passedMs: number): number {
    return Math.min(Math.floor(passedMs * GRAIN_SHARE), this.#grainMsMax);
  }

  /** Until no handler has started or ended for some turns: what is ready now runs now, however much it is. */
  async #settle(): Promise<void> {
    let before = this.#activity;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (before !== this.#activity) quiet = -1;
      before = this.#activity;
    }
  }

  async #hasUnfinished(): Promise<boolean> {
    // Only counts them: nothing is shown of a page behind the last task.
    const counted = { limit: 1, offset: Number.MAX_SAFE_INTEGER };
    for (const status of UNFINISHED) if ((await this.list({ ...counted, status })).total > 0) return true;
    return false;
  }

  async #leftOver(within: Duration): Promise<string> {
    const lines: string[] = [];
    for (const status of UNFINISHED) {
      const { tasks, total } = await this.list({ status, order: 'asc' });
      lines.push(...tasks.map(({ id, type, pendingReason }) => `  ${id} ${type}: ${pendingReason ?? status}`));
      if (total > tasks.length) lines.push(`  and ${total - tasks.length} more that are ${status}`);
    }
    return [`drain: tasks are left after ${within}:`, ...lines].join('\n');
  }
}

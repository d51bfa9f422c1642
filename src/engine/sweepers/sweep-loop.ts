// When a sweep runs: at the instant the last one named, at once when a signal says something is due earlier, and
// now and then as a net, because signals may be lost. A store that is down costs a wait that grows, never the loop.
import { StoreUnavailable } from '../../domain/errors.ts';
import { type RetryStrategy, retryDelayMs } from '../../domain/retry.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

const BACK_OFF: RetryStrategy = { type: 'exponential', delayMs: 200, factor: 2, maxDelayMs: 5000, jitter: 0.2 };
/** Due now but nothing could be done about it (another node was faster, a clock differs): look again, ever slower. */
const NOTHING_DONE: RetryStrategy = { type: 'exponential', delayMs: 20, factor: 2, maxDelayMs: 2000, jitter: 0.2 };
/** Shortest time between two runs, so that tasks that become due one by one are swept together. */
const GAP_MS = 5;

export interface SweepResult {
  /** Time until the next run is needed; 0 = more to do now; `null` = nothing is known to come. */
  readonly nextMs: number | null;
  readonly did: 'something' | 'nothing';
}

export interface SweepLoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Longest time between two runs. */
  readonly netMs: number;
  readonly run: () => Promise<SweepResult>;
}

export class SweepLoop {
  readonly #options: SweepLoopOptions;
  #timer: Timer | null = null;
  /** Both on the monotonic scale. */
  #dueAt = Number.POSITIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;
  #failures = 0;
  #idleRuns = 0;
  #closed = false;

  constructor(options: SweepLoopOptions) {
    this.#options = options;
  }

  /** Runs no later than `inMs` from now; while the store is down, when its turn comes. */
  nudge(inMs: number): void {
    const dueAt = this.#options.clock.monotonic() + Math.max(0, inMs);
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    if (this.#running === null) this.#arm();
  }

  /** No run starts any more; resolves when the one under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #arm(): void {
    this.#timer?.cancel();
    if (this.#closed) return;
    const at = Math.max(this.#dueAt, this.#notBefore);
    this.#timer = this.#options.clock.after(Math.max(0, at - this.#options.clock.monotonic()), () => {
      this.#running = this.#run();
    });
  }

  async #run(): Promise<void> {
    const { clock, netMs, run } = this.#options;
    this.#notBefore = clock.monotonic() + GAP_MS;
    // Open, so that what a signal says while the run is under way is kept and not taken for what the run has seen.
    this.#dueAt = Number.POSITIVE_INFINITY;
    let waitMs: number;
    try {
      waitMs = this.#wait(await run());
    } catch (error) {
      waitMs = this.#failed(error);
      this.#notBefore = clock.monotonic() + waitMs;
    }
    this.#running = null;
    this.#dueAt = Math.min(this.#dueAt, clock.monotonic() + Math.min(waitMs, netMs));
    this.#arm();
  }

  #wait({ nextMs, did }: SweepResult): number {
    const { log, name, clock, netMs } = this.#options;
    if (this.#failures > 0) log.info(`The ${name} sweeper works again`);
    this.#failures = 0;
    this.#idleRuns = nextMs === 0 && did === 'nothing' ? this.#idleRuns + 1 : 0;
    return this.#idleRuns > 0 ? retryDelayMs(NOTHING_DONE, this.#idleRuns, clock.random()) : (nextMs ?? netMs);
  }

  #failed(error: unknown): number {
    const { log, name, clock } = this.#options;
    this.#failures += 1;
    if (this.#failures === 1) {
      const message = `The ${name} sweeper cannot work at the moment and will try again`;
      if (error instanceof StoreUnavailable) log.warn(message, { error: error.message });
      else log.error(message, { error });
    }
    return retryDelayMs(BACK_OFF, this.#failures, clock.random());
  }
}

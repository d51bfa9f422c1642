// Looks at the log now and then: whether it answers, and how far the store is behind it. Questions are answered from the last look,
// so that nobody waits for a log that is away.
import type { Clock, Timer } from '../../ports/clock.ts';
import type { LogFront, LogPartition, LogStatus } from './log-front.ts';

export interface LogWatchParts {
  readonly front: Pick<LogFront, 'log' | 'intake'>;
  readonly clock: Clock;
  /** What else keeps the log from being read or written, one line each. */
  readonly problems: () => readonly string[];
}

const LOOK_MS = 2_000;

export class LogWatch {
  readonly #parts: LogWatchParts;
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  #partitions: readonly LogPartition[] = [];
  #lag: number | null = null;
  #fault: string | null = null;
  #seen: ReadonlyMap<number, number> = new Map();
  #gaps = 0;
  #isClosed = false;

  constructor(parts: LogWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#looking = this.#look().finally(() => {
      if (!this.#isClosed) this.#timer = this.#parts.clock.after(LOOK_MS, () => this.start());
    });
  }

  status(): LogStatus {
    const health = this.#parts.front.log.health();
    const problems = [...this.#parts.problems()];
    if (health.status === 'down') problems.unshift(health.detail);
    else if (this.#fault !== null) problems.unshift(this.#fault);
    if (this.#gaps > 0)
      problems.push('the store was emptied, and tasks from before may be missing: run xqueue rebuild');
    const behind = this.#lag === null ? '' : `; ${this.#lag} ${this.#lag === 1 ? 'record' : 'records'} to be read`;
    return {
      status: problems.length === 0 ? 'ok' : 'down',
      detail: problems.length === 0 ? `${health.detail}${behind}` : problems.join('; '),
      lag: this.#lag,
      partitions: this.#partitions,
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** A store that has forgotten what it knew a moment ago was emptied: nobody else may notice while nothing is submitted. */
  async #lookForGaps(offsets: ReadonlyMap<number, number>): Promise<void> {
    const { intake } = this.#parts.front;
    for (const [partition, before] of this.#seen) {
      if (before > 0 && !offsets.has(partition)) await intake.noteGap(partition, before);
    }
    this.#seen = offsets;
    this.#gaps = (await intake.gaps()).size;
  }

  async #look(): Promise<void> {
    const { log, intake } = this.#parts.front;
    try {
      const bounds = await log.bounds('tasks');
      this.#fault = null;
      // While the store is away the last known lag would only be a guess.
      const offsets = await intake.offsets().catch(() => null);
      if (offsets === null) {
        this.#lag = null;
        return;
      }
      await this.#lookForGaps(offsets);
      this.#partitions = bounds.map(({ partition, earliest, end }) => {
        const next = Math.min(end, offsets.get(partition) ?? earliest);
        return { partition, next, end };
      });
      this.#lag = this.#partitions.reduce((sum, { next, end }) => sum + end - next, 0);
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
      this.#lag = null;
    }
  }
}

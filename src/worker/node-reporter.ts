// Tells the store about this node: at the start, when what it can do changes, soon after what it runs has changed, and once per
// heartbeat interval, so that others see it alive. A store that is away is told when it is back.
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { NodeReport, TaskStore } from '../ports/task-store.ts';
import { messageOf } from './ending.ts';

const RETRY_MS = 2000;
/** A busy node starts and ends tasks all the time: how many it runs is told no more often than this. */
const RUNNING_MS = 2000;

export interface NodeReporterParts {
  readonly store: Pick<TaskStore, 'reportNode' | 'forgetNode'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalMs: number;
  readonly report: () => NodeReport;
}

export class NodeReporter {
  readonly #parts: NodeReporterParts;
  #timer: Timer | null = null;
  /** Set while a change of what runs waits to be told. */
  #soon: Timer | null = null;
  #runningTold = 0;
  #isSending = false;
  #isStale = false;
  #isFailing = false;
  #isClosed = false;
  #sending: Promise<void> = Promise.resolve();

  constructor(parts: NodeReporterParts) {
    this.#parts = parts;
  }

  /** Reports soon; changes of one turn travel in one report. */
  changed(): void {
    if (this.#isClosed || this.#isStale) return;
    this.#isStale = true;
    if (this.#isSending) return;
    this.#isSending = true;
    this.#sending = Promise.resolve().then(() => this.#send());
  }

  /** A task has begun or ended. */
  runningChanged(): void {
    if (this.#soon !== null || this.#isClosed) return;
    this.#soon = this.#parts.clock.after(RUNNING_MS, () => {
      this.#soon = null;
      if (this.#parts.report().running !== this.#runningTold) this.changed();
    });
  }

  /** Resolves when what was reported last has arrived, or could not. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  /** The node is gone for everybody, at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#soon?.cancel();
    await this.#sending;
    const { store, report, log } = this.#parts;
    try {
      await store.forgetNode(report().id);
    } catch (error) {
      log.warn('The store could not be told that this node is gone; it will notice', { error: messageOf(error) });
    }
  }

  async #send(): Promise<void> {
    const { store, clock, log, report, intervalMs } = this.#parts;
    let nextMs = intervalMs;
    while (this.#isStale) {
      this.#isStale = false;
      try {
        const told = report();
        this.#runningTold = told.running;
        await store.reportNode(told);
        this.#isFailing = false;
      } catch (error) {
        nextMs = Math.min(RETRY_MS, intervalMs);
        if (!this.#isFailing) log.warn('This node cannot be reported at the moment', { error: messageOf(error) });
        this.#isFailing = true;
        break;
      }
    }
    this.#isStale = false;
    this.#isSending = false;
    this.#timer?.cancel();
    if (!this.#isClosed) this.#timer = clock.after(nextMs, () => this.changed());
  }
}

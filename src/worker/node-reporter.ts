// Tells the store about this node: at the start, when what it can do changes, and once per heartbeat interval, so that
// others see it alive. A store that is away is told when it is back.
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { NodeReport, TaskStore } from '../ports/task-store.ts';
import { messageOf } from './ending.ts';

const RETRY_MS = 2000;

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

  /** Resolves when what was reported last has arrived, or could not. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  /** The node is gone for everybody, at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
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
        await store.reportNode(report());
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

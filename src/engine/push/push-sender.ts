// Brings what waits in the push queue to the publisher: a few batches at a time, in order, again and again while the broker is
// away. Whatever happens here, nobody upstream waits for it.
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { TaskEvent } from '../../ports/outbox.ts';
import type { Publisher, PushMessage } from '../../ports/publisher.ts';
import { type PushBatch, PushQueue, type PushQueueLimits } from './push-queue.ts';
import type { HeldEntry } from './trim-frontier.ts';

export interface SenderOptions {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The messages of one event, as they go over the wire. */
  readonly toMessages: (event: TaskEvent) => readonly PushMessage[];
  readonly limits: PushQueueLimits;
  /** After each batch that found its end. */
  readonly onSettled: () => void;
}

/** Small enough to be taken back, and to leave most of the queue to what is newer while a broker stands still ... */
const BATCH_EVENTS_MAX = 500;
const BATCH_BYTES_MAX = 1024 * 1024;
/** ... and so many under way that the way to the broker and back does not bound the rate. */
const BATCHES_UNDER_WAY = 3;
/** Of the queue's bounds, for one batch. */
const SHARE_OF_QUEUE = 8;
const RETRY_MS_MIN = 100;
/** An absent broker refuses at once and costs nothing; one that is back should not be kept waiting. */
const RETRY_MS_MAX = 500;
/** So often a connected broker may fail on one single event before that event is given up. */
const TRIES_OF_ONE = 5;

export class PushSender {
  readonly queue: PushQueue;
  readonly #options: SenderOptions;
  readonly #batchLimits: PushQueueLimits;
  readonly #underWay = new Set<PushBatch>();
  #state: 'open' | 'paused' | 'failing' | 'closed' = 'open';
  #batchMax: number;
  #retryMs = RETRY_MS_MIN;
  #triesOfOne = 0;
  #published = 0;
  #retries = 0;
  #idle: (() => void)[] = [];
  #retry: Timer | null = null;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { eventsMax, bytesMax } = options.limits;
    this.#batchLimits = {
      eventsMax: Math.max(1, Math.min(BATCH_EVENTS_MAX, Math.floor(eventsMax / SHARE_OF_QUEUE))),
      bytesMax: Math.min(BATCH_BYTES_MAX, Math.floor(bytesMax / SHARE_OF_QUEUE)),
    };
    this.#batchMax = this.#batchLimits.eventsMax;
    this.queue = new PushQueue(options.limits);
  }

  /** Events the broker has taken. */
  get published(): number {
    return this.#published;
  }

  /** Batches that had to be sent again. */
  get retries(): number {
    return this.#retries;
  }

  offer(events: readonly TaskEvent[], held: HeldEntry): void {
    for (const event of events) this.queue.add(event, held);
    this.#fill();
  }

  /** Lets the queue fill without sending. What is under way goes on. */
  pause(): void {
    if (this.#state === 'open') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    this.#fill();
  }

  /** Resolves when the queue is empty or `waitMs` is over. */
  async flush(waitMs: number): Promise<void> {
    this.resume();
    if (this.#retry) this.#again();
    if (this.#state === 'closed' || this.queue.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(waitMs, resolve);
      this.#idle.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  close(): void {
    this.#state = 'closed';
    this.#retry?.cancel();
    this.#retry = null;
    this.#rest();
  }

  /** Sends as much at once as may be under way. After a failure on a live broker one batch at a time, to find the culprit. */
  #fill(): void {
    const together = this.#batchMax < this.#batchLimits.eventsMax ? 1 : BATCHES_UNDER_WAY;
    while (this.#state === 'open' && this.queue.waiting > 0 && this.#underWay.size < together) {
      void this.#send(this.queue.take(this.#batchMax, this.#batchLimits.bytesMax));
    }
  }

  async #send(batch: PushBatch): Promise<void> {
    const { publisher, toMessages, onSettled } = this.#options;
    this.#underWay.add(batch);
    const broker = publisher.health().status === 'ok' ? 'connected' : 'away';
    try {
      await publisher.publish(batch.events.flatMap((event) => toMessages(event)));
      this.#delivered(batch);
    } catch (error) {
      this.#failed(batch, broker, error);
    }
    this.#underWay.delete(batch);
    if (this.#state === 'failing') {
      // Later batches are rejected as well; only then is the order known in which to send them again.
      if (this.#underWay.size === 0) this.#putBack();
      return;
    }
    onSettled();
    this.#fill();
    if (this.queue.size === 0) this.#rest();
  }

  #delivered(batch: PushBatch): void {
    this.#published += batch.events.length;
    this.queue.done(batch);
    this.#batchMax = Math.min(this.#batchLimits.eventsMax, this.#batchMax * 2);
    this.#retryMs = RETRY_MS_MIN;
    this.#triesOfOne = 0;
  }

  /**
   * A message the broker cannot stand (too large for it, say) ends the connection each time; behind it everything would
   * wait for ever. So batches get smaller until it is alone, and then it is given up.
   */
  #failed(batch: PushBatch, broker: 'connected' | 'away', error: unknown): void {
    const { events } = batch;
    this.#retries++;
    if (this.#state === 'closed') return;
    const isFirst = this.#state !== 'failing';
    if (broker === 'connected' && isFirst) {
      this.#batchMax = Math.max(1, Math.floor(events.length / 2));
      if (events.length === 1 && ++this.#triesOfOne >= TRIES_OF_ONE) {
        const { taskId, version } = events[0] ?? {};
        this.#options.logger.warn('A message was given up: the broker fails on it each time', {
          taskId,
          version,
          error,
        });
        this.queue.refuse(batch);
        this.#triesOfOne = 0;
        return;
      }
    }
    this.#state = 'failing';
  }

  #putBack(): void {
    this.queue.putBack();
    this.#retry = this.#options.clock.after(this.#retryMs, () => this.#again());
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
  }

  #again(): void {
    this.#retry?.cancel();
    this.#retry = null;
    if (this.#state !== 'failing') return;
    this.#state = 'open';
    this.#fill();
  }

  #rest(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

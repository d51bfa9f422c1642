// Reads the outbox in order and hands events to its sinks: woken by the store's signal, with a slow poll as net. While no
// sink wants anything it does not even decode: it only moves on and lets the outbox be trimmed, in large steps.
import { StoreUnavailable } from '../../domain/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { OutboxEntry, OutboxReader, TaskEvent } from '../../ports/outbox.ts';
import { type FrontierLimits, type HeldEntry, TrimFrontier } from './trim-frontier.ts';

export interface EventSink {
  wants(): boolean;
  /** `held` must be raised for each event that is not dealt with when this returns. */
  take(events: readonly TaskEvent[], held: HeldEntry): void;
}

export interface FeedOptions {
  readonly outbox: OutboxReader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sinks: readonly EventSink[];
  readonly pollMs: number;
  /** This feed decides what is trimmed; `null` = another one does. */
  readonly trim: FrontierLimits | null;
  /** Called before the events of the next page: what another feed trimmed meanwhile may be missing here. */
  readonly onGap?: () => void;
  /** How long entries stay readable for this feed, if another one trims. */
  readonly readableMs?: number;
  /** Where to begin; `null` = with the oldest entry that is kept. */
  readonly from?: string | null;
  /** Everything up to here is done with. Called now and then, at least once per poll when there is news. */
  readonly onDone?: (position: string) => Promise<void>;
}

const PAGE_ENTRIES = 256;
/** Without decoding a page costs little more than its round trip. */
const PAGE_ENTRIES_UNWANTED = 1_000;
/** A trim is a call to the store: one for many entries, or one per poll when there are few. */
const TRIM_ENTRIES = 1_000;

export class OutboxFeed {
  readonly #options: FeedOptions;
  readonly #frontier: TrimFrontier;
  #position: string | null;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;
  #isAbandoned = false;
  #poll: Timer | null = null;
  #failing = false;
  #unreadable = 0;
  /** Said to nobody yet, or not successfully. */
  #doneTo: string | null = null;
  #trimTo: string | null = null;
  #trimmedAt: number;
  /** Everything committed before this instant (monotonic) was handed on, or a gap was announced after it. */
  #coveredAt = Number.NEGATIVE_INFINITY;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#position = options.from ?? null;
    this.#trimmedAt = options.clock.monotonic();
    this.#frontier = new TrimFrontier(options.trim ?? { keepMs: 0, heldEventsMax: 0 });
  }

  /** Entries that could not be decoded and were passed over. */
  get unreadable(): number {
    return this.#unreadable;
  }

  start(): void {
    this.#polled();
  }

  /** The outbox has something new. Costs nothing while nobody wants it: the poll passes over it later. */
  wake(): void {
    if (this.#wanted()) this.#run();
  }

  /**
   * As `wake`, when all who listen have only just come and have not read anything yet: what was trimmed before this call
   * is no gap for them.
   */
  wakeForNew(): void {
    this.#coveredAt = this.#options.clock.monotonic();
    this.wake();
  }

  /** Events that were held are done with; lets go of what that frees. */
  settled(): void {
    if (this.#frontier.size >= TRIM_ENTRIES) this.#run();
  }

  /** Reads what is there now, to the end. */
  async drain(): Promise<void> {
    await this.#running;
    if (!this.#closed) this.#run();
    await this.#running;
  }

  /** Stops reading, and trims what is done with. Throws nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#poll?.cancel();
    await this.#running;
    await this.#attempt(() => this.#trim('now'));
  }

  /** Stops reading and trims nothing any more: what is not done with is for whoever reads after this one. */
  async abandon(): Promise<void> {
    this.#closed = true;
    this.#isAbandoned = true;
    this.#poll?.cancel();
    await this.#running;
  }

  #wanted(): boolean {
    return this.#options.sinks.some((sink) => sink.wants());
  }

  #run(): void {
    if (this.#closed) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#poll?.cancel();
    this.#running = this.#readToEnd().finally(() => {
      this.#running = null;
      if (this.#closed) return;
      this.#poll = this.#options.clock.after(this.#options.pollMs, () => this.#polled());
      if (this.#again) this.#run();
    });
  }

  /** A feed that trims must go on even when nobody listens; any other may rest. */
  #polled(): void {
    if (this.#options.trim || this.#wanted()) this.#run();
    else this.#poll = this.#options.clock.after(this.#options.pollMs, () => this.#polled());
  }

  async #readToEnd(): Promise<void> {
    this.#again = false;
    const read = await this.#attempt(async () => {
      while (!this.#closed && (await this.#readPage()) === 'more') {
        await this.#trim('due');
        // A store in this process answers without leaving the turn; others must get theirs.
        await new Promise((resolve) => setImmediate(resolve));
      }
      await this.#trim('due');
    });
    if (read === 'failed') this.#again = false;
  }

  async #readPage(): Promise<'more' | 'end'> {
    const { outbox, clock } = this.#options;
    const limit = this.#wanted() ? PAGE_ENTRIES : PAGE_ENTRIES_UNWANTED;
    const startedAt = clock.monotonic();
    const entries = await outbox.readOutbox(this.#position, limit);
    this.#announceGap(clock.monotonic());
    const last = entries.at(-1);
    if (!last) {
      this.#coveredAt = startedAt;
      return 'end';
    }
    for (const entry of entries) {
      if (this.#wanted()) this.#handOn(entry);
      // Who listens may leave in the middle of a page; the rest of it is passed over.
      else {
        this.#frontier.add(last.position, 0, clock.monotonic());
        break;
      }
    }
    this.#position = last.position;
    if (entries.length === limit) return 'more';
    this.#coveredAt = startedAt;
    return 'end';
  }

  #handOn(entry: OutboxEntry): void {
    const { sinks, clock, logger } = this.#options;
    let events: readonly TaskEvent[] = [];
    try {
      events = entry.events();
    } catch (error) {
      // Stopping here would stop every push for ever; watchers find the missing version and read the task.
      this.#unreadable++;
      logger.error('An outbox entry cannot be read and was passed over', { position: entry.position, error });
    }
    const held = this.#frontier.add(entry.position, events.length, clock.monotonic());
    for (const sink of sinks) if (sink.wants()) sink.take(events, held);
  }

  /**
   * Another feed trims what is older than `readableMs`. Who was away for longer may have missed some of it, and positions
   * cannot tell; the time can.
   */
  #announceGap(nowMs: number): void {
    const { readableMs, onGap } = this.#options;
    if (readableMs === undefined || nowMs - this.#coveredAt <= readableMs) return;
    this.#coveredAt = nowMs;
    onGap?.();
  }

  async #trim(when: 'due' | 'now'): Promise<void> {
    const { outbox, clock, trim, onDone, pollMs } = this.#options;
    const now = clock.monotonic();
    const due = this.#frontier.size >= TRIM_ENTRIES || now - this.#trimmedAt >= pollMs;
    if (this.#isAbandoned || (when === 'due' && !due)) return;
    this.#trimmedAt = now;
    this.#doneTo = this.#frontier.advanceDone() ?? this.#doneTo;
    this.#trimTo = this.#frontier.advance(now) ?? this.#trimTo;
    if (this.#doneTo !== null && onDone) await onDone(this.#doneTo);
    this.#doneTo = null;
    if (this.#trimTo !== null && trim) await outbox.trimOutbox(this.#trimTo);
    this.#trimTo = null;
  }

  /** The store may be away; the poll tries again. Says so once, not each time. */
  async #attempt(work: () => Promise<void>): Promise<'fine' | 'failed'> {
    try {
      await work();
      if (this.#failing && !this.#closed) this.#options.logger.info('The outbox can be read again');
      this.#failing = false;
      return 'fine';
    } catch (error) {
      const cause = error instanceof StoreUnavailable ? error.message : error;
      if (!this.#failing) this.#options.logger.warn('The outbox cannot be read; trying again', { error: cause });
      this.#failing = true;
      return 'failed';
    }
  }
}

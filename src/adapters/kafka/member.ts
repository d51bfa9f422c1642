// Reads the partitions this node is given and hands them on, page by page. A partition that waits for its page to be taken
// holds up nobody's membership: who is in the group is kept apart from who reads what.
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { IngestHandler, IngestMember, LogPage } from '../../ports/task-log.ts';
import { reasonOf } from './faults.ts';
import type { Fetcher, FetchLimits } from './fetcher.ts';
import type { Group } from './group.ts';

export interface MemberOptions {
  readonly fetcher: Fetcher;
  readonly handler: IngestHandler;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The broker does not wait for more: it would send what this node needs no page for. See `PAUSE_MS`. */
const PAGES: FetchLimits = { waitMs: 0, minBytes: 1, maxBytes: 2 * 1024 * 1024 };
/**
 * Between two looks at the log when the end is reached. Nodes insert their own tasks themselves, so that a page is needed for
 * others' only: waiting a moment for more of it saves most of the work.
 */
const PAUSE_MS = 200;
const BACK_OFF_MS = 500;
/** A partition that cannot go on waits for an operator. */
const LOST_MS = 3_000;
const CLOSE_MS = 3_000;
/** How often Kafka is told how far we are. */
const NOTE_MS = 1_000;

interface Reading {
  readonly given: AbortController;
  /** `null`: where to begin is not known yet. */
  offset: number | null;
}

export class Member implements IngestMember {
  readonly #options: MemberOptions;
  readonly #group: Group;
  readonly #reading = new Map<number, Reading>();
  #noted = new Map<number, number>();
  #notedAt = 0;
  #fault: string | null = null;
  #wake = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;

  /** @param newGroup makes the group that is to say which partitions are ours */
  constructor(options: MemberOptions, newGroup: (onAssigned: (partitions: ReadonlySet<number>) => void) => Group) {
    this.#options = options;
    this.#group = newGroup((partitions) => this.#assigned(partitions));
    this.#group.join();
    this.#running = this.#run();
  }

  partitions(): readonly number[] {
    return [...this.#reading.keys()].sort((a, b) => a - b);
  }

  /** Why nothing is read now; `null`: all is well. */
  get fault(): string | null {
    return this.#group.fault ?? this.#fault;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { given } of this.#reading.values()) given.abort();
    this.#wake.resolve();
    // A broker that is silent must not hold up who ends.
    await Promise.race([this.#running, pause(this.#options.clock, CLOSE_MS)]);
    this.#group.note(this.#news());
    await Promise.race([this.#group.close(), pause(this.#options.clock, CLOSE_MS)]);
  }

  #assigned(partitions: ReadonlySet<number>): void {
    for (const [partition, { given }] of this.#reading) {
      if (partitions.has(partition)) continue;
      given.abort();
      this.#reading.delete(partition);
    }
    for (const partition of partitions) {
      if (this.#reading.has(partition)) continue;
      const reading: Reading = { given: new AbortController(), offset: null };
      this.#reading.set(partition, reading);
      void this.#begin(partition, reading);
    }
    this.#wake.resolve();
  }

  /** Until it is known where; again when the log does not have what comes next. */
  async #begin(partition: number, reading: Reading): Promise<void> {
    const { handler, fetcher, log } = this.#options;
    reading.offset = null;
    while (!reading.given.signal.aborted && !this.#closing.signal.aborted && reading.offset === null) {
      try {
        const start = await handler.begin(partition, await this.#group.noted(partition));
        reading.offset = start === 'earliest' ? ((await fetcher.bounds())[partition]?.earliest ?? 0) : start;
      } catch (error) {
        log.debug('Where to begin with a partition is not known yet', { partition, error: reasonOf(error) });
        await this.#pause(BACK_OFF_MS, reading.given.signal);
      }
    }
    this.#wake.resolve();
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const offsets = this.#offsets();
      if (offsets.size === 0) {
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
        continue;
      }
      try {
        const found = await this.#look(offsets);
        this.#works();
        if (found === 'end') await this.#pause(PAUSE_MS);
      } catch (error) {
        this.#fails(error);
        await this.#pause(BACK_OFF_MS);
      }
    }
  }

  async #look(before: ReadonlyMap<number, number>): Promise<'more' | 'end'> {
    await Promise.all([...before].map(([partition, offset]) => this.#advance(partition, offset)));
    const offsets = this.#offsets();
    const { pages, outOfRange } = await this.#options.fetcher.fetch(offsets, PAGES);
    if (outOfRange.length > 0) await this.#lost(outOfRange, offsets);
    const news = pages.filter(({ partition, next }) => next > (offsets.get(partition) ?? 0));
    await Promise.all(news.map((page) => this.#take(page)));
    return news.some(({ next, end }) => next < end) ? 'more' : 'end';
  }

  async #advance(partition: number, offset: number): Promise<void> {
    const reading = this.#reading.get(partition);
    if (reading === undefined || reading.given.signal.aborted) return;
    reading.offset = await this.#options.handler.advance(partition, offset, reading.given.signal);
  }

  #offsets(): Map<number, number> {
    const offsets = new Map<number, number>();
    for (const [partition, { offset }] of this.#reading) if (offset !== null) offsets.set(partition, offset);
    return offsets;
  }

  async #take(page: LogPage): Promise<void> {
    const reading = this.#reading.get(page.partition);
    if (reading === undefined || reading.given.signal.aborted) return;
    reading.offset = await this.#options.handler.take(page, reading.given.signal);
  }

  async #lost(partitions: readonly number[], asked: ReadonlyMap<number, number>): Promise<void> {
    const bounds = await this.#options.fetcher.bounds();
    for (const partition of partitions) {
      const reading = this.#reading.get(partition);
      const bound = bounds[partition];
      const offset = asked.get(partition) ?? 0;
      if (!reading || !bound || (offset >= bound.earliest && offset <= bound.end)) continue;
      this.#options.handler.lost(partition, offset, bound);
      void this.#beginLater(partition, reading);
    }
  }

  async #beginLater(partition: number, reading: Reading): Promise<void> {
    reading.offset = null;
    await this.#pause(LOST_MS, reading.given.signal);
    await this.#begin(partition, reading);
  }

  #works(): void {
    if (this.#fault !== null) this.#options.log.info('Kafka can be read again');
    this.#fault = null;
    const now = this.#options.clock.monotonic();
    if (now - this.#notedAt < NOTE_MS) return;
    this.#notedAt = now;
    this.#group.note(this.#news());
  }

  /** What Kafka has not been told yet. */
  #news(): Map<number, number> {
    const offsets = this.#offsets();
    const news = new Map([...offsets].filter(([partition, offset]) => this.#noted.get(partition) !== offset));
    this.#noted = offsets;
    return news;
  }

  #fails(error: unknown): void {
    const cause = reasonOf(error);
    if (this.#fault === null && !this.#closing.signal.aborted)
      this.#options.log.warn('Kafka cannot be read; trying again', { error: cause });
    this.#fault = cause;
  }

  #pause(ms: number, signal: AbortSignal = this.#closing.signal): Promise<void> {
    return pause(this.#options.clock, ms, signal);
  }
}

function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}

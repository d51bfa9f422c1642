// From the log into the store. Most records are of tasks that a node has put in already; the rest came from other programs, or
// while the store was away. The store moves its offset in the same step as it takes the tasks in, so that nothing here can
// count a record twice or skip one.
import { StoreUnavailable } from '../../domain/errors.ts';
import { type RetryStrategy, retryDelayMs } from '../../domain/retry.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IngestReply } from '../../ports/log-intake.ts';
import type { Logger } from '../../ports/logger.ts';
import type { IngestHandler, LogPage, LogRecord, NewRecord, PartitionBounds } from '../../ports/task-log.ts';
import type { Submission } from '../../ports/task-store.ts';
import type { LogFront } from './log-front.ts';
import { type ReadRecord, type RecordRules, readRecord } from './log-record.ts';

export interface IngestParts {
  readonly front: Pick<LogFront, 'log' | 'intake' | 'own'>;
  readonly rules: RecordRules;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Records per call of the store. */
const SPAN = 250;
const BACK_OFF: RetryStrategy = { type: 'exponential', delayMs: 100, factor: 2, maxDelayMs: 2000, jitter: 0.2 };

export class Ingest implements IngestHandler {
  readonly #parts: IngestParts;
  /** Where the store is, by partition; `null`: it was never told. */
  readonly #at = new Map<number, number | null>();
  /** Why a partition is not read, by partition. */
  readonly #stuck = new Map<number, string>();
  #failing = false;

  constructor(parts: IngestParts) {
    this.#parts = parts;
  }

  /** One line for each partition that cannot go on by itself. */
  get problems(): readonly string[] {
    return [...this.#stuck.values()];
  }

  async begin(partition: number, noted: number | null): Promise<number | 'earliest'> {
    const { intake } = this.#parts.front;
    const at = (await intake.offsets()).get(partition) ?? null;
    this.#at.set(partition, at);
    this.#stuck.delete(partition);
    if (at !== null) return at;
    if (noted === null || noted === 0) return 'earliest';
    await this.#noteGap(partition, noted);
    return noted;
  }

  lost(partition: number, offset: number, { earliest, end }: PartitionBounds): void {
    this.#say(
      partition,
      `partition ${partition} should go on at ${offset}, but the log has ${earliest} to ${end}: run xqueue rebuild`,
    );
  }

  /** What this node wrote is passed as any other record is: the store looks whether the tasks are there. */
  async advance(partition: number, offset: number, signal: AbortSignal): Promise<number> {
    const { own, intake } = this.#parts.front;
    for (let next = offset; ; ) {
      const ids = own.from(partition, next, SPAN);
      const upTo = next + ids.length;
      if (upTo === next) return next;
      const pass = () => intake.pass({ partition, expected: this.#at.get(partition) ?? null, upTo }, ids);
      const reply = await this.#tryLong(pass, signal);
      // What the store has lost since is read from the log.
      if (reply === null || reply.state === 'missing') return next;
      if (reply.state === 'moved') {
        return (await this.#tryLong(() => this.#movedTo(partition, reply.next), signal)) ?? next;
      }
      this.#at.set(partition, upTo);
      next = upTo;
    }
  }

  async take(page: LogPage, signal: AbortSignal): Promise<number> {
    const { partition, records, next } = page;
    for (let from = 0; from < records.length || from === 0; from += SPAN) {
      const span = records.slice(from, from + SPAN);
      const isLast = from + SPAN >= records.length;
      const upTo = isLast ? next : (span.at(-1)?.offset ?? next) + 1;
      const reply = await this.#tryLong(() => this.#takeSpan(partition, span, upTo), signal);
      // Taken away meanwhile: where we go on is nobody's business any more.
      if (reply === null) return next;
      if (reply.state === 'moved') {
        return (await this.#tryLong(() => this.#movedTo(partition, reply.next), signal)) ?? next;
      }
      this.#at.set(partition, upTo);
    }
    return next;
  }

  async #takeSpan(partition: number, records: readonly LogRecord[], upTo: number): Promise<IngestReply> {
    const { front, rules } = this.#parts;
    const span = { partition, expected: this.#at.get(partition) ?? null, upTo };
    const isOurs = (record: LogRecord) => record.key !== null && rules.originOf(record) === 'accepted';
    let missing = records;
    if (records.length > 0 && records.every(isOurs)) {
      const reply = await front.intake.pass(
        span,
        records.flatMap(({ key }) => key ?? []),
      );
      if (reply.state !== 'missing') return reply;
      const ids = new Set(reply.ids);
      missing = records.filter(({ key }) => key !== null && ids.has(key));
    }
    const read = missing.map((record) => [record, readRecord(record, rules)] as const);
    await this.#reject(read);
    return front.intake.ingest(
      span,
      read.flatMap(([, one]): Submission[] => (one.ok ? [one.submission] : [])),
    );
  }

  /** Before the offset moves on: an answer that gets lost makes two of it, never none. */
  async #reject(read: readonly (readonly [LogRecord, ReadRecord])[]): Promise<void> {
    const { front, rules, logger } = this.#parts;
    const rejected = read.flatMap(([record, one]): NewRecord[] => {
      if (one.ok) return [];
      const { partition, offset } = record;
      logger.warn('A record of the log is no valid task', {
        topic: rules.topic,
        partition,
        offset,
        reason: one.reason,
      });
      return [rejectedRecord(record, one.reason, rules.topic, front.log.recordBytesMax('rejected'))];
    });
    if (rejected.length > 0) await front.log.append('rejected', rejected);
  }

  /** Somebody else was here, or the store was set back to an earlier state: it says where to go on. */
  async #movedTo(partition: number, next: number | null): Promise<number> {
    const { logger } = this.#parts;
    const before = this.#at.get(partition) ?? null;
    this.#at.set(partition, next);
    if (next === null) {
      await this.#noteGap(partition, before ?? 0);
      return before ?? 0;
    }
    if (before !== null && next < before) {
      logger.warn('The store is behind where it was; the log is read again from there', { partition, before, next });
    }
    return next;
  }

  /**
   * The store no longer knows what it has read: it was emptied. What comes is taken in; reading again what is before that would
   * run again what is done. The events say what is done, so that a rebuild can bring back the rest.
   */
  async #noteGap(partition: number, before: number): Promise<void> {
    await this.#parts.front.intake.noteGap(partition, before);
    const detail = { partition, before };
    this.#parts.logger.error('The store was emptied: tasks from before may be missing until xqueue rebuild', detail);
  }

  #say(partition: number, problem: string): void {
    if (this.#stuck.get(partition) !== problem)
      this.#parts.logger.error(`Kafka is not read any further: ${problem}`, { partition });
    this.#stuck.set(partition, problem);
  }

  /** Store and log come back by themselves; until then the partition waits here. `null`: it was taken away. */
  async #tryLong<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    const { clock, logger } = this.#parts;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const done = await work();
        if (this.#failing) logger.info('Tasks from the log go into the store again');
        this.#failing = false;
        return done;
      } catch (error) {
        if (!this.#failing) {
          const cause = error instanceof StoreUnavailable ? error.message : error;
          logger.warn('Tasks from the log cannot go into the store; trying again', { error: cause });
        }
        this.#failing = true;
        await pause(clock, retryDelayMs(BACK_OFF, tries, clock.random()), signal);
      }
    }
    return null;
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/** Room for the headers we add, and for as many again that the producer gave. */
const HEADER_BYTES = 4096;

/** As it came, with the reason in the headers; cut where the topic takes less. */
function rejectedRecord(record: LogRecord, reason: string, topic: string, bytesMax: number): NewRecord {
  const { key, partition, offset } = record;
  const value = record.value ?? new Uint8Array();
  const given = Object.entries(record.headers).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')) + 4, 0);
  const room = Math.max(0, bytesMax - HEADER_BYTES - (key?.length ?? 0) * 3);
  return {
    key,
    value: value.subarray(0, room),
    headers: {
      ...(given < HEADER_BYTES / 2 ? record.headers : {}),
      'xqueue-reason': reason.slice(0, 300),
      'xqueue-topic': topic,
      'xqueue-partition': String(partition),
      'xqueue-offset': String(offset),
      ...(value.length > room ? { 'xqueue-cut': String(value.length) } : {}),
    },
  };
}

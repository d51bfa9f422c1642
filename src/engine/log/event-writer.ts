// From the outbox to the events topic of the log: every change of status, in the order of the outbox, by one node at a time. What is
// written here decides whether a rebuilt task runs again, so nothing is ever dropped: while the log is away the outbox keeps it.
import { StoreUnavailable } from '../../domain/errors.ts';
import { OWN_LOCKS } from '../../domain/lock-names.ts';
import { type RetryStrategy, retryDelayMs } from '../../domain/retry.ts';
import { isFinal, type Task } from '../../domain/task.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { OutboxEntry, TaskEvent } from '../../ports/outbox.ts';
import type { NewRecord } from '../../ports/task-log.ts';
import type { TaskStore } from '../../ports/task-store.ts';
import { RelayLock } from '../push/relay-lock.ts';
import type { LogFront } from './log-front.ts';

export interface EventWriterParts {
  readonly store: Pick<TaskStore, 'readOutbox' | 'get' | 'onSignal' | 'locks'>;
  readonly front: Pick<LogFront, 'log' | 'intake' | 'owner' | 'eventRecord'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOCK = `${OWN_LOCKS}events`;
const LOCK_TTL_MS = 6_000;
const PAGE_ENTRIES = 200;
/** Net below the store's signals. */
const POLL_MS = 1_000;
/** Changes come one by one, and cost little in company: nobody who reads a log minds this. */
const GATHER_MS = 25;
/** Well below the time for which the outbox waits for us. */
const HOLD_AGAIN_MS = 600_000;
/** At the end, how long what is left gets. The rest is for the next holder. */
const FLUSH_MS = 3_000;
/** Key and headers. */
const RECORD_ROOM = 1024;
const BACK_OFF: RetryStrategy = { type: 'exponential', delayMs: 100, factor: 2, maxDelayMs: 2000, jitter: 0.2 };

export class EventWriter {
  readonly #parts: EventWriterParts;
  readonly #lock: RelayLock;
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();
  #unsubscribe: () => void = () => undefined;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #fault: string | null = null;

  constructor(parts: EventWriterParts) {
    this.#parts = parts;
    const { store, front, clock, logger } = parts;
    this.#lock = new RelayLock({
      locks: store.locks,
      clock,
      logger,
      key: LOCK,
      owner: front.owner,
      ttlMs: LOCK_TTL_MS,
      onHeld: (fence) => {
        this.#running = this.#running.then(() => this.#run(fence));
      },
      onLost: () => this.#wake.resolve(),
    });
  }

  /** Why changes are not written now; `null`: they are, or another node does it. */
  get fault(): string | null {
    return this.#fault;
  }

  start(): void {
    this.#unsubscribe = this.#parts.store.onSignal((signal) => {
      if (signal.kind === 'outbox') this.#wake.resolve();
    });
    this.#lock.start();
  }

  /** Writes what is left as far as the log takes it in time. */
  async close(): Promise<void> {
    this.#state = 'ending';
    this.#unsubscribe();
    this.#wake.resolve();
    const { clock } = this.#parts;
    const late = Promise.withResolvers<void>();
    const timer = clock.after(FLUSH_MS, late.resolve);
    await Promise.race([this.#running, late.promise]);
    timer.cancel();
    this.#state = 'closed';
    await this.#lock.close();
  }

  async #run(fence: number): Promise<void> {
    let position: string | null = null;
    let heldAt = Number.NEGATIVE_INFINITY;
    for (let failures = 0; this.#lock.held && this.#state !== 'closed'; ) {
      // Before looking: what comes while we look must not be slept over.
      this.#wake = Promise.withResolvers();
      const { store, front, clock } = this.#parts;
      try {
        if (clock.monotonic() - heldAt > HOLD_AGAIN_MS) {
          position = await front.intake.eventCursor.hold();
          heldAt = clock.monotonic();
        }
        const entries = await store.readOutbox(position, PAGE_ENTRIES);
        position = (await this.#write(entries, fence)) ?? position;
        failures = 0;
        this.#works();
        if (entries.length < PAGE_ENTRIES) {
          if (this.#state !== 'open') return;
          await this.#pause(POLL_MS, this.#wake.promise);
          if (this.#state === 'open') await this.#pause(GATHER_MS);
        }
      } catch (error) {
        failures++;
        this.#fails(error);
        // What is known of the position may be of a store that is no longer the same.
        heldAt = Number.NEGATIVE_INFINITY;
        if (this.#state !== 'open') return;
        await this.#pause(retryDelayMs(BACK_OFF, failures, clock.random()));
      }
    }
  }

  /** Answers the position of the last entry, when there is one. */
  async #write(entries: readonly OutboxEntry[], fence: number): Promise<string | null> {
    const last = entries.at(-1);
    if (!last) return null;
    const { front } = this.#parts;
    const events = entries.flatMap((entry) => this.#eventsOf(entry)).filter(({ kind }) => kind === 'status');
    const ended = await this.#endedTasks(events);
    const records = events.map((event) => this.#recordOf(event, ended.get(event.taskId)));
    await front.log.append('events', records);
    // Another node that has taken over meanwhile goes on from where it is.
    if (this.#lock.held) await front.intake.eventCursor.save(last.position, fence);
    return last.position;
  }

  /** A change that is too large for the topic with all there is to say goes without: that it happened counts. */
  #recordOf(event: TaskEvent, task: Task | undefined): NewRecord {
    const { log, eventRecord } = this.#parts.front;
    const record = eventRecord(event, task?.version === event.version ? task : null);
    if (Buffer.byteLength(record.value) + RECORD_ROOM <= log.recordBytesMax('events')) return record;
    return eventRecord({ ...event, progress: null }, null);
  }

  #eventsOf(entry: OutboxEntry): readonly TaskEvent[] {
    try {
      return entry.events();
    } catch (error) {
      this.#parts.logger.error('An outbox entry cannot be read and is missing in the log', {
        position: entry.position,
        error,
      });
      return [];
    }
  }

  /** The outbox says that a task ended, not with which result: the task does, as long as it is there. */
  async #endedTasks(events: readonly TaskEvent[]): Promise<ReadonlyMap<string, Task>> {
    const ids = [...new Set(events.flatMap(({ taskId, status }) => (isFinal(status) ? [taskId] : [])))];
    if (ids.length === 0) return new Map();
    const tasks = await this.#parts.store.get(ids);
    return new Map(tasks.flatMap((task) => (task === null ? [] : [[task.id, task] as const])));
  }

  #works(): void {
    if (this.#fault !== null) this.#parts.logger.info('Changes are written to the log again');
    this.#fault = null;
  }

  #fails(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    if (this.#fault === null) {
      const known = error instanceof StoreUnavailable || (error instanceof Error && error.name === 'LogUnavailable');
      this.#parts.logger.warn('Changes cannot be written to the log; they wait in the store', {
        error: known ? cause : error,
      });
    }
    this.#fault = cause;
  }

  async #pause(ms: number, wake?: Promise<void>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#parts.clock.after(ms, over.resolve);
    await Promise.race(wake === undefined ? [over.promise] : [over.promise, wake]);
    timer.cancel();
  }
}

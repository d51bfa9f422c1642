// Lines of all running handlers travel together to the store. A handler never waits for its log: what the store does not
// take is dropped here, and stays in the node's own log.
import { inspect } from 'node:util';
import { LIMITS } from '../domain/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogBatch, LogEntry, LogLevel, LogStore } from '../ports/log-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { Attempt } from './attempt.ts';
import { cutTo, messageOf } from './ending.ts';

interface Said extends Omit<LogEntry, 'agoMs'> {
  readonly saidAt: number;
}

export interface LogPumpParts {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly log: Logger;
}

export class LogPump {
  readonly #parts: LogPumpParts;
  #waiting = new Map<Attempt, Said[]>();
  #sending: ReadonlySet<Attempt> = new Set();
  readonly #flushed = new Map<Attempt, () => void>();
  #busy = false;
  #isFailing = false;

  constructor(parts: LogPumpParts) {
    this.#parts = parts;
  }

  /** The fields must not throw when they are written as JSON; those that do are left out. */
  say(attempt: Attempt, level: LogLevel, message: unknown, fields?: Readonly<Record<string, unknown>>): void {
    const { clock } = this.#parts;
    if (attempt.state !== 'running') return;
    const said: Said = {
      saidAt: clock.monotonic(),
      level,
      message: cutTo(typeof message === 'string' ? message : shown(message), LIMITS.logLineBytesMax),
      fields: fieldsText(fields),
    };
    const known = this.#waiting.get(attempt);
    if (known === undefined) this.#waiting.set(attempt, [said]);
    else {
      known.push(said);
      // More than is kept anyway: the oldest would be cut in the store.
      if (known.length > LIMITS.logLinesKept) known.shift();
    }
    if (this.#busy) return;
    this.#busy = true;
    queueMicrotask(() => void this.#run());
  }

  /** Whether nothing of the attempt is waiting or under way. */
  isFlushed(attempt: Attempt): boolean {
    return !this.#waiting.has(attempt) && !this.#sending.has(attempt);
  }

  /** Calls back when it is so; at once if it is now. */
  whenFlushed(attempt: Attempt, callback: () => void): void {
    if (this.isFlushed(attempt)) callback();
    else this.#flushed.set(attempt, callback);
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, LIMITS.batchMax);
      for (const [attempt] of batch) this.#waiting.delete(attempt);
      this.#sending = new Set(batch.map(([attempt]) => attempt));
      await this.#send(batch);
      this.#sending = new Set();
      for (const [attempt] of batch) {
        if (this.#waiting.has(attempt)) continue;
        const callback = this.#flushed.get(attempt);
        this.#flushed.delete(attempt);
        callback?.();
      }
    }
    this.#busy = false;
  }

  async #send(batch: readonly (readonly [Attempt, readonly Said[]])[]): Promise<void> {
    const { store, clock, log } = this.#parts;
    const now = clock.monotonic();
    const wire = batch.map(([{ id, token }, lines]): LogBatch => {
      const entries = lines.map(({ saidAt, ...rest }): LogEntry => ({ ...rest, agoMs: now - saidAt }));
      return { id, token, entries };
    });
    try {
      await store.append(wire);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.warn('Lines of handlers could not be stored', { error: messageOf(error) });
      this.#isFailing = true;
    }
  }
}

/** Handlers written in JavaScript may say anything. */
function shown(message: unknown): string {
  return inspect(message, { depth: 2, breakLength: Number.POSITIVE_INFINITY });
}

function fieldsText(fields: Readonly<Record<string, unknown>> | undefined): string | null {
  if (fields === undefined) return null;
  try {
    const text = JSON.stringify(fields) as string | undefined;
    // Half of a JSON text is none.
    return text === undefined || Buffer.byteLength(text) > LIMITS.logLineBytesMax ? null : text;
  } catch {
    return null;
  }
}

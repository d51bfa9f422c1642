// What handlers say while they run, kept with their tasks: the newest lines only, forgotten with the task.
import type { JsonText } from '../domain/task.ts';
import type { LeaseRef } from './task-store.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A line on its way to the store. Message and fields are at most `LIMITS.logLineBytesMax` bytes of UTF-8 each. */
export interface LogEntry {
  /** How long ago it was said: the store's clock says when that was. */
  readonly agoMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: JsonText | null;
}

export interface LogBatch extends LeaseRef {
  /** In the order they were said. */
  readonly entries: readonly LogEntry[];
}

export interface LogLine extends Omit<LogEntry, 'agoMs'> {
  /** 1, 2, 3 ... per task, over all its attempts; the oldest may be gone. */
  readonly line: number;
  /** Store time, Unix ms. */
  readonly at: number;
  readonly attempt: number;
}

export interface LogStore {
  /**
   * Adds lines while their leases hold; keeps the last `LIMITS.logLinesKept` of a task, and of those the last that fit in
   * `LIMITS.logBytesKept`. Changes no version and makes no event.
   */
  append(batch: readonly LogBatch[]): Promise<{ readonly state: 'recorded' | 'lease_lost' }[]>;
  /** The lines that are kept and come after line `after` (0 = all), oldest first. `null`: there is no such task. */
  read(id: string, after: number): Promise<LogLine[] | null>;
}

// Every change of a task writes its event in the same atomic step. MQTT, server-sent events and Kafka read them here.
import type { TaskErrorCode } from '../domain/errors.ts';
import type { JsonText, Status } from '../domain/task.ts';

export interface TaskEvent {
  readonly kind: 'status' | 'progress';
  readonly taskId: string;
  readonly type: string;
  readonly status: Status;
  readonly version: number;
  /** Store time, Unix ms. */
  readonly at: number;
  readonly retry: number;
  readonly workerId: string | null;
  readonly error: string | null;
  readonly errorCode: TaskErrorCode | null;
  readonly progress: JsonText | null;
  readonly cancelRequested: boolean;
}

/** The events of one atomic step, or of several that were written together, in order. Decoding waits until somebody wants them. */
export interface OutboxEntry {
  /** Opaque, increasing in the order of the store's own comparison. */
  readonly position: string;
  events(): readonly TaskEvent[];
}

export interface OutboxReader {
  /** Entries after `position` (`null` = from the oldest kept), oldest first. */
  readOutbox(after: string | null, limit: number): Promise<OutboxEntry[]>;
  /** Forgets entries up to and including `position`. */
  trimOutbox(position: string): Promise<void>;
}

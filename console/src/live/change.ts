// What the feed tells: one change of one task, as the status and progress messages say it.
import type { Status } from '../api/task.ts';

export interface Change {
  readonly kind: 'status' | 'progress';
  readonly task_id: string;
  readonly type: string;
  readonly version: number;
  readonly timestamp: string;
  readonly status?: Status;
  readonly retry?: number;
  readonly worker_id?: string;
  readonly error?: string;
  readonly error_code?: string;
  readonly progress?: unknown;
  readonly cancel_requested?: boolean;
  /** The message as it came. */
  readonly text: string;
}

/** The message, bare or as the `data` of a CloudEvent (`mqtt.format`); `null`: neither. */
export function changeOf(kind: Change['kind'], text: string): Change | null {
  try {
    const said = JSON.parse(text) as object | null;
    const message = (
      said !== null && 'specversion' in said && 'data' in said ? said.data : said
    ) as Partial<Change> | null;
    if (typeof message?.task_id !== 'string' || typeof message.version !== 'number') return null;
    return { ...(message as Omit<Change, 'kind' | 'text'>), kind, text };
  } catch {
    return null;
  }
}

/** A way to follow changes. */
export interface Transport {
  readonly name: 'mqtt' | 'sse';
  close(): void;
}

export interface TransportEvents {
  change(change: Change): void;
  /** Changes come in from now on; those before may have been missed. */
  up(): void;
  down(): void;
  /** There were more changes than are told; the rest is left out. */
  some(): void;
}

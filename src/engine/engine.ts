// What the rest of the house (HTTP, SDK, worker pool) calls. Each use case is a file of its own beside this one;
// this file holds the shape they are offered in.
import type { ConcurrencyStrategy, Limit } from '../domain/concurrency.ts';
import type { RetryStrategy } from '../domain/retry.ts';
import type { JsonText, Task, TaskWithAttempts } from '../domain/task.ts';
import type { LockStore } from '../ports/lock-store.ts';
import type { LogLine } from '../ports/log-store.ts';
import type { TaskEvent } from '../ports/outbox.ts';
import type {
  CancelReply,
  DrainWish,
  KeyState,
  ListQuery,
  NodeState,
  ReviveReply,
  StoreStats,
  SubmitReply,
  TaskPage,
} from '../ports/task-store.ts';
import type { LogStatus } from './log/log-front.ts';
import type { WatchAllOptions } from './push/watch-all.ts';

/** A task as a client asks for it; already validated. What is left out gets the node's defaults. Durations in ms. */
export interface TaskRequest {
  /** Only other durable sources (Kafka) bring an id; else the engine makes a UUIDv7. */
  readonly id?: string;
  readonly type: string;
  /** JSON text, default `{}`. */
  readonly payload?: JsonText;
  readonly priority?: number;
  readonly maxRetry?: number;
  readonly retryStrategy?: Partial<RetryStrategy>;
  readonly queueTimeoutMs?: number;
  readonly processTimeoutMs?: number;
  /** At most one of the two. */
  readonly delayMs?: number;
  /** Unix ms. */
  readonly runAt?: number;
  readonly concurrencyKey?: string;
  readonly maxConcurrency?: number;
  readonly tags?: readonly string[];
  /** Only what a node accepted earlier brings them along (from Kafka); else the strategies and the two members above say. */
  readonly limits?: readonly Limit[];
  /** The task whose handler asks; only `ctx.submit` says so. */
  readonly parentId?: string;
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
}

/** Settings of the engine, durations in ms. */
export interface EngineSettings {
  readonly nodeId: string;
  readonly defaultTimeoutMs: number;
  readonly defaultRetry: number;
  readonly leaseMs: number;
  readonly heartbeatIntervalMs: number;
  readonly cancelGraceMs: number;
  readonly cleanupIntervalMs: number;
  readonly maxRecoveries: number;
}

/** What a watcher sees: first the task as it is, then each change with a larger version; ends after the final one. */
export type TaskChange =
  | { readonly kind: 'snapshot'; readonly task: TaskWithAttempts }
  | { readonly kind: 'event'; readonly event: TaskEvent };

export type EngineReply =
  | SubmitReply
  /** Safe in the log; the store is away and will have it later. The task as it was accepted. */
  | { readonly state: 'logged'; readonly task: Task };

export interface Engine {
  /** What an accepted task survives. */
  readonly durability: 'fsync' | 'process' | 'kafka' | 'memory';
  /** Concurrent callers travel to the store together. In order of `requests`. Throws `StoreUnavailable`, `LogUnavailable`. */
  submit(requests: readonly TaskRequest[]): Promise<EngineReply[]>;
  get(id: string): Promise<TaskWithAttempts | null>;
  list(query: ListQuery): Promise<TaskPage>;
  /** @param options.reason why, for the task's error; already validated */
  cancel(id: string, options?: { readonly reason?: string }): Promise<CancelReply>;
  revive(id: string): Promise<ReviveReply>;
  /** Answers when the task is final or the wait is over, with the task as it is then. `null`: unknown task. */
  waitForFinal(id: string, waitMs: number, signal?: AbortSignal): Promise<TaskWithAttempts | null>;
  /**
   * Follows one task; versions strictly rise. With `afterVersion`, the snapshot is left out if nothing is newer.
   * Ends by itself after the final change, on abort, or at once (empty) for an unknown task.
   */
  watch(
    id: string,
    options?: { readonly afterVersion?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<TaskChange>;
  /** Follows all tasks from now on, until `signal` aborts. `gap`: changes may be missing, read again. */
  watchAll(signal: AbortSignal, options?: WatchAllOptions): AsyncIterable<TaskEvent | 'gap'>;
  stats(): Promise<StoreStats>;
  concurrency(): Promise<KeyState[]>;
  setLimit(key: string, max: number | null): Promise<void>;
  nodes(): Promise<NodeState[]>;
  /** `drain`: the node is given nothing new, what it runs goes on; `work` undoes it. `null`: no such node. */
  setDrain(nodeId: string, wish: DrainWish): Promise<NodeState | null>;
  /** Types some live node can run, with the ids of those nodes; sorted by type. */
  handlers(): Promise<{ readonly type: string; readonly nodes: readonly string[] }[]>;
  /** Strategies apply to every task submitted through this node from now on. */
  useConcurrency(...strategies: readonly ConcurrencyStrategy[]): void;
  readonly locks: LockStore;
  /** What the handler of a task said, after line `after`. `null`: unknown task. */
  logs(id: string, after: number): Promise<LogLine[] | null>;
  health(): Promise<EngineHealth>;
  /** How the log in front of the store does, as of the last look; `null`: there is none. */
  logStatus(): LogStatus | null;
  /** Stops the sweepers and waits for those under way. The store and the relay belong to whoever made them. */
  close(): Promise<void>;
}

export interface EngineHealth {
  readonly store: { readonly status: 'ok' | 'down'; readonly kind: string; readonly detail: string };
}

// What the pool's thread and the lease keeper's thread say to each other. Leases themselves lie on a page that both see.
// Times in a message are already by the clock of its receiver.
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { HeartbeatReply, HeartbeatRequest } from '../ports/task-store.ts';
import type { KeeperNews } from './lease-keeper.ts';

/** How the keeper's thread reaches the store: the module exports `connect(data): Promise<KeeperConnection>`. */
export interface KeeperConnector {
  /** URL. */
  readonly module: string;
  readonly data: unknown;
  readonly transferList?: readonly Transferable[];
}
export interface KeeperConnection {
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply[]>;
}

export interface KeeperThreadData {
  readonly port: MessagePort;
  readonly connector: { readonly module: string; readonly data: unknown };
  /** URL of a module that exports `systemClock`. */
  readonly clockModule: string;
  readonly nodeId: string;
  readonly intervalMs: number;
}

/**
 * After a message the keeper's thread looks at the page at once and once more when this time is over. The pool rings again
 * only for what it writes in the second half of it, or later: nothing stays unread, even if a handler blocks from then on.
 */
export function lookAgainMs(intervalMs: number): number {
  return Math.min(100, intervalMs / 10);
}

export type ToKeeper =
  /** Leases are written there from now on; the page before it is complete. */
  | { readonly kind: 'page'; readonly memory: SharedArrayBuffer }
  /** Something new is on the page. */
  | { readonly kind: 'look' }
  | { readonly kind: 'what_time' };

export type FromKeeper =
  | { readonly kind: 'ready' }
  | { readonly kind: 'time'; readonly monotonic: number }
  | { readonly kind: 'news'; readonly news: KeeperNews }
  | { readonly kind: 'fault'; readonly message: string };

// What a node needs of a store beyond the port: a way to it for the thread that keeps leases, and a place for its relay.
import type { RelayCursor } from '../engine/push/outbox-relay.ts';
import type { LogIntake } from '../ports/log-intake.ts';
import type { TaskRestorer } from '../ports/task-restore.ts';
import type { TaskStore } from '../ports/task-store.ts';
import type { KeeperConnector } from '../worker/lease-keeper-messages.ts';

export interface NodeStore extends TaskStore {
  /** `null`: only the caller's own thread can reach this store. */
  leaseConnector(): KeeperConnector | null;
  /** Resolves with why when the store has ended for good while the node runs; only of a store that can. */
  readonly failed?: Promise<string> | undefined;
  /** Only of a store that many nodes share. */
  readonly relayCursor?: RelayCursor;
  /** Only of a store that can stand behind a log. */
  readonly intake?: LogIntake;
  /** Only of a store that can have a log in front of it. */
  readonly restorer?: TaskRestorer;
}

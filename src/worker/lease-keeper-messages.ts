// What the pool's thread and the lease keeper's thread say to each other. Leases travel in columns, which clone five
// times faster than objects. Times in a message are already by the clock of its receiver.
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { HeartbeatReply, HeartbeatRequest } from '../ports/task-store.ts';
import type { HeldLease, KeeperNews } from './lease-keeper.ts';

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

const COLUMNS = 4;

export interface HoldMessage {
  readonly kind: 'hold';
  readonly ids: readonly string[];
  /** Per id: token, `leaseUntil`, `renewableUntil`, `lastBeatAt`. */
  readonly numbers: Float64Array<ArrayBuffer>;
}

export type ToKeeper =
  | HoldMessage
  | { readonly kind: 'drop'; readonly tokens: Float64Array }
  | { readonly kind: 'what_time' };

export type FromKeeper =
  | { readonly kind: 'ready' }
  | { readonly kind: 'time'; readonly monotonic: number }
  | { readonly kind: 'news'; readonly news: KeeperNews }
  | { readonly kind: 'fault'; readonly message: string };

/** @param shiftMs added to the leases' times: the receiver's clock minus the sender's */
export function holdMessage(leases: readonly HeldLease[], shiftMs: number): HoldMessage {
  const numbers = new Float64Array(leases.length * COLUMNS);
  const ids: string[] = [];
  for (const { id, token, leaseUntil, renewableUntil, lastBeatAt } of leases) {
    const row = ids.push(id) * COLUMNS - COLUMNS;
    numbers[row] = token;
    numbers[row + 1] = leaseUntil + shiftMs;
    numbers[row + 2] = renewableUntil + shiftMs;
    numbers[row + 3] = lastBeatAt + shiftMs;
  }
  return { kind: 'hold', ids, numbers };
}

export function leasesIn({ ids, numbers }: HoldMessage): HeldLease[] {
  return ids.map((id, index) => {
    const row = index * COLUMNS;
    return {
      id,
      token: numbers[row] as number,
      leaseUntil: numbers[row + 1] as number,
      renewableUntil: numbers[row + 2] as number,
      lastBeatAt: numbers[row + 3] as number,
    };
  });
}

// What the store's thread and its callers say to each other.
import type { MessagePort } from 'node:worker_threads';
import type { Signal, StoreSettings } from '../../ports/task-store.ts';
import type { Call } from './operations.ts';

export interface ThreadData {
  readonly path: string;
  readonly settings: StoreSettings;
}

export interface NumberedCall {
  readonly number: number;
  readonly call: Call;
}

export type ToThread =
  | { readonly kind: 'calls'; readonly calls: readonly NumberedCall[] }
  /** Another caller, such as the lease keeper's thread, gets a port of its own. */
  | { readonly kind: 'connect'; readonly port: MessagePort }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'answers'; readonly answers: readonly ThreadAnswer[]; readonly signals: readonly Signal[] }
  | { readonly kind: 'closed' };

export type ThreadAnswer =
  | { readonly number: number; readonly ok: true; readonly value: unknown }
  /** `unavailable` says whether it is the environment's fault, since classes do not survive the way. */
  | { readonly number: number; readonly ok: false; readonly unavailable: boolean; readonly message: string };

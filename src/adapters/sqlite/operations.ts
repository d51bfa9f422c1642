// The table of operations: what may be asked of the store, whichever side of a thread it is on.
import { audit } from './audit.ts';
import { cancel, revive } from './cancel.ts';
import { claim } from './claim.ts';
import { concurrency, setLimit } from './concurrency.ts';
import { heartbeat, lostLeases, progress, release } from './leases.ts';
import { list } from './list.ts';
import { acquire, holds, releaseHold, renew } from './locks.ts';
import { appendLogs, readLogs } from './logs.ts';
import { forgetNode, nodes, reportNode, setDrain } from './nodes.ts';
import { readOutbox, trimOutbox } from './outbox.ts';
import { purge } from './purge.ts';
import { get } from './read.ts';
import { settle } from './settle.ts';
import { stats } from './stats.ts';
import type { Step } from './step.ts';
import { submit } from './submit.ts';
import { sweepTimers } from './waiting.ts';

export const OPERATIONS = {
  submit,
  claim,
  heartbeat,
  settle,
  release,
  progress,
  cancel,
  revive,
  sweepTimers,
  lostLeases,
  purge,
  audit,
  get,
  list,
  stats,
  concurrency,
  nodes,
  setLimit,
  reportNode,
  forgetNode,
  setDrain,
  readOutbox,
  trimOutbox,
  acquire,
  renew,
  releaseHold,
  holds,
  appendLogs,
  readLogs,
  ping: (_step: Step) => null,
} as const;

/**
 * Operations whose answer promises that the change is on disk. The others need not wait for it: a claim, a heartbeat
 * or a trimmed outbox that a power failure undoes is done again, since the process that asked for it is gone as well.
 * The log keeps their order, so a later promise covers all that came before.
 */
export const DURABLE: ReadonlySet<OperationName> = new Set([
  'submit',
  'settle',
  'cancel',
  'revive',
  'setLimit',
  'setDrain',
  'acquire',
]);

/** Operations whose answers concern only what this process does now: they need not wait for the promises made before them. */
export const UNPROMISED: ReadonlySet<OperationName> = new Set(['claim', 'heartbeat']);

export type OperationName = keyof typeof OPERATIONS;
type Tail<F> = F extends (step: Step, ...args: infer Args) => unknown ? Args : never;
export type OperationArgs<Name extends OperationName> = Tail<(typeof OPERATIONS)[Name]>;
export type OperationResult<Name extends OperationName> = ReturnType<(typeof OPERATIONS)[Name]>;

/** An operation with its arguments, as it travels. */
export type Call = {
  [Name in OperationName]: { readonly name: Name; readonly args: OperationArgs<Name> };
}[OperationName];

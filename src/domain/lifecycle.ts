// The life of a task in one table. The stores, the reference model, the generated tests and docs/lifecycle.md follow it.
import type { Status } from './task.ts';

export interface Transition {
  readonly name: string;
  readonly from: Status | null;
  readonly to: Status;
  /** Who moves the task on. */
  readonly by: 'client' | 'node' | 'sweeper';
  readonly when: string;
}

export const LIFECYCLE = [
  { name: 'submit', from: null, to: 'pending', by: 'client', when: 'accepted' },
  {
    name: 'claim',
    from: 'pending',
    to: 'processing',
    by: 'node',
    when: 'a node takes it: due, type handled there, every limit free, not canceled, queue timeout not over',
  },
  {
    name: 'expire',
    from: 'pending',
    to: 'timeout',
    by: 'sweeper',
    when: 'it waited `queue_timeout` since it was last due',
  },
  { name: 'cancel', from: 'pending', to: 'canceled', by: 'client', when: 'canceled while waiting' },
  { name: 'succeed', from: 'processing', to: 'success', by: 'node', when: 'the handler returned' },
  {
    name: 'retry',
    from: 'processing',
    to: 'pending',
    by: 'node',
    when: 'the handler failed or ran over `process_timeout`, and retries are left',
  },
  {
    name: 'release',
    from: 'processing',
    to: 'pending',
    by: 'node',
    when: 'the node shuts down gracefully (costs no retry)',
  },
  {
    name: 'recover',
    from: 'processing',
    to: 'pending',
    by: 'sweeper',
    when: 'the node was lost (costs no retry, at most `queue.max_recoveries` times)',
  },
  {
    name: 'fail',
    from: 'processing',
    to: 'failed',
    by: 'node',
    when: 'failed with no retries left, a non-retryable error, or the node was lost once too often',
  },
  {
    name: 'cancel_running',
    from: 'processing',
    to: 'canceled',
    by: 'node',
    when: 'the handler ended after a cancel request, or `queue.cancel_grace` is over',
  },
  { name: 'revive', from: 'failed', to: 'pending', by: 'client', when: 'explicit retry call' },
  { name: 'revive', from: 'canceled', to: 'pending', by: 'client', when: 'explicit retry call' },
  { name: 'revive', from: 'timeout', to: 'pending', by: 'client', when: 'explicit retry call' },
] as const satisfies readonly Transition[];

export function isLegal(from: Status | null, to: Status): boolean {
  return LIFECYCLE.some((step) => step.from === from && step.to === to);
}

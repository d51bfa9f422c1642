// Bulk operations: one wish for many tasks, carried out page by page while whoever asked looks on. They live in the
// node that was asked and are forgotten with it; what they have done to tasks stays.
import { randomUUID } from 'node:crypto';
import type { Status } from '../domain/task.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { ListQuery } from '../ports/task-store.ts';
import type { BulkOperation } from '../protocol/schemas/bulk.ts';
import { formatTimestamp } from '../protocol/timestamps.ts';
import type { ListFilter } from './list-filter.ts';

type Action = BulkOperation['action'];

export interface BulkWish {
  readonly action: Action;
  readonly which: { readonly ids: readonly string[] } | { readonly filter: ListFilter };
}

const FITTING: Readonly<Record<Action, readonly Status[]>> = {
  cancel: ['pending', 'processing'],
  retry: ['failed', 'canceled', 'timeout'],
};
const PAGE = 500;
const KEPT = 100;
/** Tasks that change while it runs can slip from one page to another; another look finds them. */
const LOOKS_MAX = 5;

interface Running {
  operation: BulkOperation;
  stop: boolean;
}

export class BulkOperations {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #all = new Map<string, Running>();

  constructor(parts: { readonly engine: Engine; readonly clock: Clock; readonly log: Logger }) {
    this.#engine = parts.engine;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** How many tasks the wish is about now. */
  async count({ action, which }: BulkWish): Promise<number> {
    if ('ids' in which) return which.ids.length;
    const totals = await Promise.all(
      statusesOf(action, which.filter).map(async (status) => {
        const query = { ...which.filter, status, limit: 1, offset: 0, order: 'asc' } as const;
        return (await this.#engine.list(query)).total;
      }),
    );
    return totals.reduce((sum, total) => sum + total, 0);
  }

  /** Begins at once and answers how it stands. */
  async start(wish: BulkWish): Promise<BulkOperation> {
    const now = this.#clock.now();
    const bounded: BulkWish =
      'ids' in wish.which ? wish : { ...wish, which: { filter: { createdBefore: now + 1, ...wish.which.filter } } };
    const running: Running = {
      stop: false,
      operation: {
        id: randomUUID(),
        action: wish.action,
        state: 'running',
        matched: await this.count(bounded),
        processed: 0,
        changed: 0,
        unchanged: 0,
        error: null,
        created_at: formatTimestamp(now),
        finished_at: null,
      },
    };
    this.#all.set(running.operation.id, running);
    for (const [id, { operation }] of this.#all) {
      if (this.#all.size <= KEPT) break;
      if (operation.state !== 'running') this.#all.delete(id);
    }
    void this.#carryOut(running, bounded);
    return running.operation;
  }

  get(id: string): BulkOperation | null {
    return this.#all.get(id)?.operation ?? null;
  }

  /** Newest first. */
  list(): BulkOperation[] {
    return [...this.#all.values()].map(({ operation }) => operation).reverse();
  }

  /** Takes no further page. What was done stays. */
  stop(id: string): BulkOperation | null {
    const running = this.#all.get(id);
    if (running === undefined) return null;
    running.stop = true;
    if (running.operation.state === 'running') this.#end(running, 'stopped');
    return running.operation;
  }

  close(): void {
    for (const id of this.#all.keys()) this.stop(id);
  }

  async #carryOut(running: Running, { action, which }: BulkWish): Promise<void> {
    try {
      if ('ids' in which) await this.#act(running, which.ids);
      else {
        for (const status of statusesOf(action, which.filter)) await this.#sweep(running, which, status);
      }
      if (!running.stop) this.#end(running, 'done');
    } catch (error) {
      this.#log.warn('A bulk operation broke off', { operation: running.operation.id, error });
      if (!running.stop) this.#end(running, 'failed', error instanceof Error ? error.message : String(error));
    }
  }

  async #sweep(running: Running, which: Extract<BulkWish['which'], { filter: object }>, status: Status): Promise<void> {
    const handled = new Set<string>();
    for (let look = 0; look < LOOKS_MAX; look++) {
      let isNew = false;
      for (let offset = 0; !running.stop; ) {
        const query: ListQuery = { ...which.filter, status, limit: PAGE, offset, order: 'asc' };
        const { tasks } = await this.#engine.list(query);
        const ids = tasks.map(({ id }) => id).filter((id) => !handled.has(id));
        const stayed = ids.length === 0 ? [] : await this.#act(running, ids);
        for (const id of stayed) handled.add(id);
        if (ids.length > 0) isNew = true;
        // Those that changed have left this list, and the rest has moved up.
        offset += tasks.length - (ids.length - stayed.length);
        if (tasks.length < PAGE) break;
      }
      if (!isNew || running.stop) return;
    }
  }

  /** Answers the ids that are still where they were. */
  async #act(running: Running, ids: readonly string[]): Promise<string[]> {
    const { operation } = running;
    const stayed: string[] = [];
    // Calls that are made together travel to the store together.
    await Promise.all(
      ids.map(async (id) => {
        const { state } = await (operation.action === 'cancel' ? this.#engine.cancel(id) : this.#engine.revive(id));
        operation.processed += 1;
        if (state === 'canceled' || state === 'cancel_requested' || state === 'revived') operation.changed += 1;
        else operation.unchanged += 1;
        if (state === 'cancel_requested') stayed.push(id);
      }),
    );
    return stayed;
  }

  #end({ operation }: Running, state: 'done' | 'stopped' | 'failed', error: string | null = null): void {
    operation.state = state;
    operation.error = error;
    operation.finished_at = formatTimestamp(this.#clock.now());
  }
}

function statusesOf(action: Action, { status }: ListFilter): readonly Status[] {
  return FITTING[action].filter((fitting) => status === undefined || fitting === status);
}

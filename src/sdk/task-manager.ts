// XQueue inside a program: submits tasks, runs handlers, looks at and changes tasks. It works on a node that somebody else
// has put together; what it offers is the same whichever store is behind it.
import type { Config } from '../config/config.ts';
import { contractTask, contractTasks, type TaskInput } from '../contract/contract-task.ts';
import type { AnyContract, HandleOf, InputOf } from '../contract/define-task.ts';
import { type Duration, invalidTask, type SubmitOptions } from '../contract/submit-options.ts';
import { type CancelOptions, TaskHandle, type TaskSource, unknownTask } from '../contract/task-handle.ts';
import type { LogLineView, TaskDetailView, TaskView } from '../contract/task-view.ts';
import type { ConcurrencyStrategy } from '../domain/concurrency.ts';
import { parseDuration } from '../domain/duration.ts';
import { type Fault, XQueueError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { lockOwner } from '../domain/lock-names.ts';
import type { Engine, EngineReply, TaskRequest } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { KeyState, ListQuery, StoreStats } from '../ports/task-store.ts';
import type { Handler, HeldLock, Middleware } from '../worker/handler.ts';
import { acquireLock } from '../worker/held-lock.ts';
import type { HandlerRegistry } from '../worker/registry.ts';
import { engineSource } from './engine-source.ts';
import { requestOf } from './submit-request.ts';
import { taskView } from './task-view.ts';

/** What the manager needs of a running node. */
export interface ManagedNode {
  readonly id: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly config: Config;
  /** `null`: this node runs no tasks. */
  readonly handlers: HandlerRegistry | null;
  /** Where HTTP is served, if it is. */
  readonly url: string | null;
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface LockOptions {
  /** The hold ends this long after its last renewal, should this process die; default 30 s. */
  readonly ttl?: Duration;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export class TaskManagerBase implements AsyncDisposable {
  readonly #node: ManagedNode;
  readonly #tasks: TaskSource;
  #locks = 0;
  #closing: Promise<void> | null = null;

  constructor(node: ManagedNode) {
    this.#node = node;
    this.#tasks = engineSource(node.engine);
  }

  /** Unique among all nodes. */
  get nodeId(): string {
    return this.#node.id;
  }

  /** Base address of the HTTP API; `null` without a server. */
  get url(): string | null {
    return this.#node.url;
  }

  /** This node runs tasks of the handler's type from now on. @throws XQueueError for a type that is taken */
  registerHandler(handler: Handler): this {
    return this.registerHandlers([handler]);
  }

  registerHandlers(handlers: readonly Handler[]): this {
    for (const handler of handlers) this.#registry().register(handler);
    return this;
  }

  /** Runs around every handler of this node, the first one outermost; from the next attempt on. */
  use(...middleware: readonly Middleware[]): this {
    this.#registry().use(...middleware);
    return this;
  }

  /**
   * Submits one task of a contract: the input is checked, the result has its type.
   * @param options win over what the contract says
   * @throws XQueueError `invalid_request` with all faults, `idempotency_conflict`, `store_unavailable`, `draining`
   */
  async submit<Contract extends AnyContract>(
    contract: Contract,
    input: InputOf<Contract>,
    ...options: readonly SubmitOptions[]
  ): Promise<HandleOf<Contract>> {
    const task = await contractTask(contract, input);
    const handle = await this.submitTask(task.type, task.payload, task.options, ...options);
    return this.handle(contract, handle.id);
  }

  /** As `submit`, many at once. If one is not valid, none is submitted, and the error names the faults of all. */
  async submitMany<Contract extends AnyContract>(
    contract: Contract,
    inputs: readonly InputOf<Contract>[],
    ...options: readonly SubmitOptions[]
  ): Promise<HandleOf<Contract>[]> {
    const tasks = await contractTasks(contract, inputs, options);
    const handles = await this.submitTasks(tasks);
    return handles.map(({ id }) => this.handle(contract, id));
  }

  /**
   * Submits one task. When the promise resolves, the task is accepted (as safely as the store promises).
   * @param payload any JSON value; left out: `{}`
   * @param options `withPriority(5)`, `withConcurrency('user_123', 3)` ... or plain objects; the last word counts
   * @throws XQueueError `invalid_request` with all faults, `idempotency_conflict`, `store_unavailable`, `draining`
   */
  async submitTask<Result = unknown>(
    type: string,
    payload?: unknown,
    ...options: readonly SubmitOptions[]
  ): Promise<TaskHandle<Result>> {
    const read = requestOf(type, payload, options, this.#node.config.queue);
    if ('faults' in read) throw invalidTask(read.faults);
    const [reply] = await this.#send([read.request]);
    return this.#handleOf(reply as EngineReply) as TaskHandle<Result>;
  }

  /** Many at once. If one is not valid, none is submitted, and the error names the faults of all. */
  async submitTasks(tasks: readonly TaskInput[]): Promise<TaskHandle[]> {
    const requests: TaskRequest[] = [];
    const faults: Fault[] = [];
    for (const [index, { type, payload, ...options }] of tasks.entries()) {
      const read = requestOf(type, payload, [options], this.#node.config.queue, `[${index}].`);
      if ('faults' in read) faults.push(...read.faults);
      else requests.push(read.request);
    }
    if (faults.length > 0) throw invalidTask(faults);
    if (requests.length === 0) return [];
    const replies = await this.#send(requests);
    return replies.map((reply) => this.#handleOf(reply));
  }

  /** `null`: there is no such task. */
  get(id: string): Promise<TaskDetailView | null> {
    return this.#tasks.get(id);
  }

  /** A handle of a task that was submitted elsewhere or before. It may not exist; the handle's methods will say so. */
  handle<Contract extends AnyContract>(contract: Contract, id: string): HandleOf<Contract>;
  handle<Result = unknown>(id: string): TaskHandle<Result>;
  handle(first: AnyContract | string, id?: string): TaskHandle {
    if (typeof first === 'string') return new TaskHandle(first, this.#tasks);
    return new TaskHandle(id ?? '', this.#tasks, first);
  }

  /** By default the 10 newest. `total` counts all that match. */
  async list(query: Partial<ListQuery> = {}): Promise<{ readonly tasks: readonly TaskView[]; readonly total: number }> {
    const { limit = 10, offset = 0, order = 'desc', ...filters } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.listLimitMax) {
      throw new XQueueError('invalid_request', `limit: must be a whole number from 1 to ${LIMITS.listLimitMax}`);
    }
    if (!Number.isInteger(offset) || offset < 0) {
      throw new XQueueError('invalid_request', 'offset: must be a whole number from 0');
    }
    const page = await this.#node.engine.list({ ...filters, limit, offset, order });
    return { tasks: page.tasks.map(taskView), total: page.total };
  }

  /** What the handler said with `ctx.log`, oldest first; with `after`, only later lines. @throws XQueueError `task_not_found` */
  async logs(id: string, { after = 0 }: { readonly after?: number } = {}): Promise<LogLineView[]> {
    const lines = await this.#node.engine.logs(id, after);
    if (lines === null) throw unknownTask(id);
    return lines.map((line) => ({
      ...line,
      at: new Date(line.at),
      fields: line.fields === null ? null : JSON.parse(line.fields),
    }));
  }

  /** `cancel_requested`: it runs. @throws XQueueError `already_finished` or `task_not_found` */
  cancel(id: string, options: CancelOptions = {}): Promise<'canceled' | 'cancel_requested'> {
    return this.#tasks.cancel(id, options);
  }

  /** Puts a failed, canceled or timed out task back to pending. @throws XQueueError `not_retryable`, `task_not_found` */
  async retry(id: string): Promise<TaskHandle> {
    const { state } = await this.#node.engine.revive(id);
    switch (state) {
      case 'revived':
        return this.handle(id);
      case 'not_retryable':
        throw new XQueueError('not_retryable');
      case 'not_found':
        throw unknownTask(id);
    }
  }

  stats(): Promise<StoreStats> {
    return this.#node.engine.stats();
  }

  /** Strategies add limits to every task submitted through this manager from now on. */
  useConcurrency(...strategies: readonly ConcurrencyStrategy[]): this {
    this.#node.engine.useConcurrency(...strategies);
    return this;
  }

  concurrency(): Promise<KeyState[]> {
    return this.#node.engine.concurrency();
  }

  /** The operator's limit of a key from now on; 0 pauses it, `null` takes the limit away. */
  async setLimit(key: string, max: number | null): Promise<void> {
    if (max !== null && (!Number.isInteger(max) || max < 0 || max > LIMITS.maxConcurrencyMax)) {
      throw new XQueueError(
        'invalid_request',
        `max: must be null or a whole number from 0 to ${LIMITS.maxConcurrencyMax}`,
      );
    }
    await this.#node.engine.setLimit(key, max);
  }

  /** Waits for the lock of this name, in the whole cluster; renewed until released. */
  lock(key: string, options: LockOptions = {}): Promise<HeldLock> {
    return this.semaphore(key, 1, options);
  }

  /** As `lock`, for at most `max` holders at once. */
  semaphore(key: string, max: number, { ttl = '30s', signal }: LockOptions = {}): Promise<HeldLock> {
    const { id, engine, clock } = this.#node;
    const ttlMs = parseDuration(ttl);
    if (ttlMs === null) throw new XQueueError('invalid_request', `ttl: expected a duration, got ${ttl}`);
    const owner = lockOwner({ nodeId: id, taskId: null }, `${clock.now()}.${clock.random()}/${++this.#locks}`);
    const parts = { locks: engine.locks, clock, signal: signal ?? new AbortController().signal, owner };
    return acquireLock(parts, key, { ttlMs, max });
  }

  /**
   * Takes no new work, gives running handlers `queue.shutdown_grace` to end, hands what is left back to the queue at no
   * cost, and closes everything. The same call again waits for the first.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #registry(): HandlerRegistry {
    const { handlers } = this.#node;
    if (handlers === null) throw new XQueueError('invalid_request', 'node.role is api: this node runs no tasks');
    return handlers;
  }

  async #close(): Promise<void> {
    try {
      await this.#node.drain();
    } finally {
      await this.#node.close();
    }
  }

  #send(requests: readonly TaskRequest[]): Promise<EngineReply[]> {
    if (this.#closing !== null) throw new XQueueError('draining', 'This TaskManager is closed');
    return this.#node.engine.submit(requests);
  }

  #handleOf(reply: EngineReply): TaskHandle {
    if (reply.state === 'conflict') throw new XQueueError('idempotency_conflict');
    return new TaskHandle(reply.task.id, this.#tasks);
  }
}

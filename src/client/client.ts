// XQueue from outside: the same submit, get, list, cancel, retry and watch as in a program that runs a node, over HTTP.
import { contractTask, contractTasks, type TaskInput } from '../contract/contract-task.ts';
import type { AnyContract, HandleOf, InputOf } from '../contract/define-task.ts';
import type { SubmitOptions } from '../contract/submit-options.ts';
import { type CancelOptions, TaskHandle, type TaskSource } from '../contract/task-handle.ts';
import type { Change, LogLineView, TaskDetailView, TaskView } from '../contract/task-view.ts';
import { XQueueError } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import { isFinal, type Status } from '../domain/task.ts';
import type { LogsAnswer } from '../protocol/schemas/logs.ts';
import type {
  ConcurrencyAnswer,
  HandlersAnswer,
  HealthAnswer,
  NodesAnswer,
  StatsAnswer,
} from '../protocol/schemas/operations.ts';
import { eventLine } from './event-line.ts';
import { HttpCalls, type HttpOptions } from './http-calls.ts';
import { MqttLine, type MqttOptions } from './mqtt-line.ts';
import { submitMany, submitOne } from './submit-calls.ts';
import { type AnyChange, type WatchAllQuery, watchAll } from './watch-all.ts';
import { type TaskLine, watchTask } from './watch-task.ts';
import { taskDetailOf, taskOf, taskPageOf } from './wire-task.ts';

export interface ClientOptions extends HttpOptions {
  /** Watches over MQTT instead of server-sent events: one connection however many tasks are watched. */
  readonly mqtt?: MqttOptions | undefined;
}

export interface ListFilter {
  readonly status?: Status | undefined;
  readonly type?: string | undefined;
  readonly tag?: string | undefined;
  readonly concurrencyKey?: string | undefined;
  /** Only tasks that this task's handler submitted. */
  readonly parentId?: string | undefined;
  /** By acceptance. */
  readonly order?: 'asc' | 'desc' | undefined;
}

export interface ListPage extends ListFilter {
  /** 1 to 1,000, default 10. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** The longest wait the server grants in one call, and how much later its answer may come. */
const WAIT_MS = LIMITS.waitSecondsMax * 1000;
const WAIT_LATE_MS = 15_000;

export class ClientBase {
  readonly #http: HttpCalls;
  readonly #line: TaskLine;
  readonly #mqtt: MqttLine | null;
  readonly #source: TaskSource;

  constructor(options: ClientOptions) {
    this.#http = new HttpCalls(options);
    this.#mqtt = options.mqtt === undefined ? null : new MqttLine(this.#http, options.mqtt);
    this.#line = this.#mqtt ?? eventLine(this.#http);
    this.#source = {
      get: (id) => this.get(id),
      waitForFinal: (id, waitMs, signal) => this.#waitForFinal(id, waitMs, signal),
      watch: (id, watchOptions) => this.watch(id, watchOptions),
      cancel: (id, cancelOptions) => this.cancel(id, cancelOptions),
    };
  }

  /** Submits one task of a contract: the input is checked, the result has its type. @throws as `submitTask` */
  async submit<Contract extends AnyContract>(
    contract: Contract,
    input: InputOf<Contract>,
    ...options: readonly SubmitOptions[]
  ): Promise<HandleOf<Contract>> {
    const task = await contractTask(contract, input);
    const id = await submitOne(this.#http, task.type, task.payload, [task.options, ...options]);
    return this.handle(contract, id);
  }

  /** As `submit`, many at once. @throws BatchRefused when some are not valid: the others are accepted all the same */
  async submitMany<Contract extends AnyContract>(
    contract: Contract,
    inputs: readonly InputOf<Contract>[],
    ...options: readonly SubmitOptions[]
  ): Promise<HandleOf<Contract>[]> {
    const ids = await submitMany(this.#http, await contractTasks(contract, inputs, options));
    return ids.map((id) => this.handle(contract, id));
  }

  /**
   * Submits one task. When the promise resolves, the task is accepted. A lost answer is no double task: each submit has
   * an idempotency key, yours or one of its own.
   * @throws XQueueError as the server refuses; ServerUnreachable when it does not answer
   */
  async submitTask<Result = unknown>(
    type: string,
    payload?: unknown,
    ...options: readonly SubmitOptions[]
  ): Promise<TaskHandle<Result>> {
    return this.handle<Result>(await submitOne(this.#http, type, payload, options));
  }

  /** Many at once, of any types. @throws BatchRefused when some are not valid: the others are accepted all the same */
  async submitTasks(tasks: readonly TaskInput[]): Promise<TaskHandle[]> {
    return (await submitMany(this.#http, tasks)).map((id) => this.handle(id));
  }

  /** A handle of a task that was submitted elsewhere or before. */
  handle<Contract extends AnyContract>(contract: Contract, id: string): HandleOf<Contract>;
  handle<Result = unknown>(id: string): TaskHandle<Result>;
  handle(first: AnyContract | string, id?: string): TaskHandle {
    if (typeof first === 'string') return new TaskHandle(first, this.#source);
    return new TaskHandle(id ?? '', this.#source, first);
  }

  /** `null`: there is no such task. */
  async get(id: string): Promise<TaskDetailView | null> {
    try {
      return await this.#read(id);
    } catch (error) {
      if (error instanceof XQueueError && error.code === 'task_not_found') return null;
      throw error;
    }
  }

  /** One page; by default the 10 newest. `total` counts all that match. */
  async list(query: ListPage = {}): Promise<{ readonly tasks: readonly TaskView[]; readonly total: number }> {
    const { text } = await this.#http.call('GET', `/tasks?${queryText(query)}`);
    return taskPageOf(text);
  }

  /** All tasks that match, page after page, oldest first unless `order` says otherwise; each at most once. */
  async *listAll(filter: ListFilter = {}): AsyncGenerator<TaskView, void, undefined> {
    const seen = new Set<string>();
    const query = { order: 'asc' as const, ...filter, limit: LIMITS.listLimitMax };
    for (let offset = 0; ; offset += LIMITS.listLimitMax) {
      const { tasks } = await this.list({ ...query, offset });
      for (const task of tasks) {
        // Newest first, tasks that come meanwhile push others to the next page.
        if (!seen.has(task.id)) yield task;
        seen.add(task.id);
      }
      if (tasks.length < LIMITS.listLimitMax) return;
    }
  }

  /** `cancel_requested`: it runs. @throws XQueueError `already_finished` or `task_not_found` */
  async cancel(id: string, { reason }: CancelOptions = {}): Promise<'canceled' | 'cancel_requested'> {
    const body = reason === undefined ? {} : { body: JSON.stringify({ reason }) };
    const { status } = await this.#http.call('DELETE', pathOf(id), { ...body, again: 'harmless' });
    return status === 202 ? 'cancel_requested' : 'canceled';
  }

  /** Puts a failed, canceled or timed out task back to pending. @throws XQueueError `not_retryable`, `task_not_found` */
  async retry(id: string): Promise<TaskHandle> {
    const { text } = await this.#http.call('POST', `${pathOf(id)}/retry`);
    return this.handle(taskOf(text).id);
  }

  /** What the handler said with `ctx.log`, oldest first; with `after`, only later lines. @throws XQueueError `task_not_found` */
  async logs(id: string, { after = 0 }: { readonly after?: number } = {}): Promise<LogLineView[]> {
    const { logs } = await this.#json<LogsAnswer>(`${pathOf(id)}/logs?after=${after}`);
    return logs.map((line) => ({ ...line, at: new Date(line.at) }));
  }

  /** The task as it is, then each change with a larger version; ends after the final one or on abort. */
  watch(id: string, { signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Change, void, undefined> {
    return watchTask({ line: this.#line, read: (one) => this.#read(one), clock: this.#http.clock }, id, signal);
  }

  /**
   * Changes of all tasks that match, from now on, until the abort; each once, versions of a task strictly rising.
   * `gap`: some may be missing, read what you show.
   */
  watchAll(
    query: WatchAllQuery = {},
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<AnyChange | 'gap', void, undefined> {
    return watchAll({ http: this.#http, mqtt: this.#mqtt, read: (id) => this.get(id) }, query, signal);
  }

  /** Answers of the API as they are: see its description at `/api/v1/docs`. */
  stats(): Promise<StatsAnswer> {
    return this.#json('/stats');
  }

  health(): Promise<HealthAnswer> {
    return this.#json('/health');
  }

  nodes(): Promise<NodesAnswer> {
    return this.#json('/nodes');
  }

  handlers(): Promise<HandlersAnswer> {
    return this.#json('/handlers');
  }

  concurrency(): Promise<ConcurrencyAnswer> {
    return this.#json('/concurrency');
  }

  /** The operator's limit of a key from now on; 0 pauses it, `null` takes the limit away. */
  async setLimit(key: string, max: number | null): Promise<void> {
    const path = `/concurrency/${encodeURIComponent(key)}`;
    if (max === null) await this.#http.call('DELETE', path, { again: 'harmless' });
    else await this.#http.call('PUT', path, { body: JSON.stringify({ max_concurrency: max }), again: 'harmless' });
  }

  /** Ends the MQTT connection, if there is one. Watches end on their own. */
  close(): void {
    this.#mqtt?.close();
  }

  async #json<T>(path: string): Promise<T> {
    return JSON.parse((await this.#http.call('GET', path)).text) as T;
  }

  async #read(id: string): Promise<TaskDetailView> {
    return taskDetailOf((await this.#http.call('GET', pathOf(id))).text);
  }

  async #waitForFinal(id: string, waitMs: number, signal?: AbortSignal): Promise<TaskDetailView | null> {
    const { clock } = this.#http;
    const until = clock.monotonic() + waitMs;
    for (;;) {
      const leftMs = Math.max(0, Math.min(WAIT_MS, until - clock.monotonic()));
      const path = `${pathOf(id)}?wait=${Math.ceil(leftMs) / 1000}`;
      try {
        const task = taskDetailOf(
          (await this.#http.call('GET', path, { signal, timeoutMs: leftMs + WAIT_LATE_MS })).text,
        );
        if (isFinal(task.status) || clock.monotonic() >= until) return task;
      } catch (error) {
        if (error instanceof XQueueError && error.code === 'task_not_found') return null;
        throw error;
      }
    }
  }
}

function pathOf(id: string): string {
  return `/tasks/${encodeURIComponent(id)}`;
}

function queryText({ concurrencyKey, parentId, ...rest }: ListPage): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...rest, concurrency_key: concurrencyKey, parent_id: parentId })) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.toString();
}

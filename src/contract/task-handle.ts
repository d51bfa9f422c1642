// What a program holds of a task it submitted: waits for its end, follows it, cancels it. It is not a promise, so that
// awaiting the submit waits for the acceptance and not for the work. It does not know whether the queue is in this
// process or behind HTTP.
import { parseDuration } from '../domain/duration.ts';
import { XQueueError } from '../domain/errors.ts';
import { isFinal, type Status } from '../domain/task.ts';
import { check, type StandardSchema } from './standard-schema.ts';
import type { Duration } from './submit-options.ts';
import { ContractMismatch, TaskCanceled, TaskFailed, TaskTimedOut, WaitTimedOut } from './task-errors.ts';
import type { Change, TaskDetailView } from './task-view.ts';

/** Where the tasks are. */
export interface TaskSource {
  /** `null`: there is no such task. */
  get(id: string): Promise<TaskDetailView | null>;
  /** The task when it is final, or as it is when the wait is over or `signal` aborts. `null`: there is no such task. */
  waitForFinal(id: string, waitMs: number, signal?: AbortSignal): Promise<TaskDetailView | null>;
  /** First the task as it is, then each change with a larger version; ends after the final one or on abort. */
  watch(id: string, options: { readonly signal?: AbortSignal }): AsyncIterable<Change>;
  /** @throws XQueueError `invalid_request` (the reason), `already_finished` or `task_not_found` */
  cancel(id: string, options?: CancelOptions): Promise<'canceled' | 'cancel_requested'>;
}

export interface CancelOptions {
  /** Why: 1 to 500 characters in one line. It ends up in the task's error; of several the first counts. */
  readonly reason?: string | undefined;
}

export interface WaitOptions {
  /** Give up waiting (not the task) after this. */
  readonly timeout?: Duration;
  readonly signal?: AbortSignal;
}

/** What the handle checks of what it gets. */
export interface Expected {
  readonly output?: StandardSchema | undefined;
  readonly progress?: StandardSchema | undefined;
}

export class TaskHandle<Result = unknown, Progress = unknown> {
  readonly id: string;
  readonly #source: TaskSource;
  readonly #expected: Expected;

  constructor(id: string, source: TaskSource, expected: Expected = {}) {
    this.id = id;
    this.#source = source;
    this.#expected = expected;
  }

  /**
   * Waits for the end and answers what the handler returned.
   * @throws TaskFailed | TaskCanceled | TaskTimedOut as the task ended; WaitTimedOut after `timeout`; the signal's
   * reason; ContractMismatch when the result is not what the contract says
   */
  async result(options: WaitOptions = {}): Promise<Result> {
    const task = await this.settled(options);
    switch (task.status) {
      case 'success':
        return this.#fitting('output', task.result) as Result;
      case 'canceled':
        throw new TaskCanceled(task);
      case 'timeout':
        throw new TaskTimedOut(task);
      case 'failed':
      case 'pending':
      case 'processing':
        throw new TaskFailed(task);
    }
  }

  /** Waits for the end, whatever it is, and answers the task. Throws only when the wait itself ends early. */
  async settled({ timeout, signal }: WaitOptions = {}): Promise<TaskDetailView> {
    signal?.throwIfAborted();
    const waitMs = timeout === undefined ? Number.POSITIVE_INFINITY : parseDuration(timeout);
    if (waitMs === null) throw new XQueueError('invalid_request', `timeout: expected a duration, got ${timeout}`);
    const task = await this.#source.waitForFinal(this.id, waitMs, signal);
    if (task === null) throw unknownTask(this.id);
    if (isFinal(task.status)) return task;
    signal?.throwIfAborted();
    throw new WaitTimedOut(`Task ${this.id} was still ${task.status} after ${timeout ?? 'the wait was ended'}`);
  }

  /** The task as it is, then every change; ends after the final one, or when `signal` aborts. */
  async *watch(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Change<Progress>, void, undefined> {
    for await (const change of this.#source.watch(this.id, options)) {
      const progress = change.progress === null ? null : await this.#fitting('progress', change.progress);
      yield { ...change, progress: progress as Progress | null };
    }
  }

  /** `cancel_requested`: it runs, and its handler was asked to stop. @throws XQueueError `already_finished` */
  cancel(options: CancelOptions = {}): Promise<'canceled' | 'cancel_requested'> {
    return this.#source.cancel(this.id, options);
  }

  async status(): Promise<Status> {
    return (await this.task()).status;
  }

  /** The task as it is now. @throws XQueueError `task_not_found` */
  async task(): Promise<TaskDetailView> {
    const task = await this.#source.get(this.id);
    if (task === null) throw unknownTask(this.id);
    return task;
  }

  async #fitting(what: 'output' | 'progress', value: unknown): Promise<unknown> {
    const schema = this.#expected[what];
    if (schema === undefined) return value;
    const name = what === 'output' ? 'result' : what;
    const checked = await check(schema, value, name);
    if (!checked.ok) throw new ContractMismatch(`The ${name} of task ${this.id}`, checked.faults);
    return checked.value;
  }
}

export function unknownTask(id: string): XQueueError {
  return new XQueueError('task_not_found', `There is no task ${id}`);
}

// What a task is to the console: as the API has it, with payload, progress and result as the text they came as.
import type { LogsAnswer } from '../../../src/protocol/schemas/logs.ts';
import type { TaskDetailAnswer, TaskPageAnswer } from '../../../src/protocol/schemas/task.ts';
import type { RawJson } from '../json/keep-raw.ts';

type Raw = 'payload' | 'progress' | 'result';
type WithRaw<T> = Omit<T, Raw> & Readonly<Record<Raw, RawJson | null>>;

export type Task = WithRaw<TaskPageAnswer['tasks'][number]>;
export type TaskDetail = WithRaw<TaskDetailAnswer>;
export type Status = Task['status'];
export type LogLine = Omit<LogsAnswer['logs'][number], 'fields'> & { readonly fields: RawJson | null };
export type Attempt = TaskDetail['attempts'][number];

export const STATUSES: readonly Status[] = ['pending', 'processing', 'success', 'failed', 'canceled', 'timeout'];

/** As the query parameters of the list. */
export interface TaskFilter {
  readonly status?: string;
  readonly type?: string;
  readonly tag?: string;
  readonly concurrency_key?: string;
  readonly parent_id?: string;
  readonly created_after?: string;
  readonly created_before?: string;
}

export interface TaskPage {
  readonly tasks: readonly Task[];
  readonly total: number;
}

export function isFinal(status: Status): boolean {
  return status !== 'pending' && status !== 'processing';
}

export function isRetryable(status: Status): boolean {
  return status === 'failed' || status === 'canceled' || status === 'timeout';
}

// Tasks: list, read, cancel, retry, explain.
import type { ExplainAnswer } from '../../../src/protocol/schemas/explain.ts';
import { elementTexts, parseKeepingRaw } from '../json/keep-raw.ts';
import { type CallOptions, call, callJson } from './call.ts';
import type { LogLine, Task, TaskDetail, TaskFilter, TaskPage } from './task.ts';

interface PageOptions extends CallOptions {
  readonly limit: number;
  readonly offset: number;
}

export async function listTasks(filter: TaskFilter, { limit, offset, ...options }: PageOptions): Promise<TaskPage> {
  return parseKeepingRaw(await pageText(filter, limit, offset, options)) as TaskPage;
}

/** The tasks of a page as the JSON text the server sent, beside what is in it. */
export async function listTexts(
  filter: TaskFilter,
  { limit, offset, ...options }: PageOptions,
): Promise<{ readonly texts: readonly string[]; readonly page: TaskPage }> {
  const text = await pageText(filter, limit, offset, options);
  return { texts: elementTexts(text, 'tasks'), page: parseKeepingRaw(text) as TaskPage };
}

async function pageText(filter: TaskFilter, limit: number, offset: number, options: CallOptions): Promise<string> {
  const query = new URLSearchParams({ ...filter, limit: String(limit), offset: String(offset) });
  return (await call('GET', `/tasks?${query}`, options)).text;
}

export async function getTask(id: string, options: CallOptions = {}): Promise<TaskDetail> {
  return parseKeepingRaw((await call('GET', `/tasks/${encodeURIComponent(id)}`, options)).text) as TaskDetail;
}

export function explainTask(id: string, options: CallOptions = {}): Promise<ExplainAnswer> {
  return callJson('GET', `/tasks/${encodeURIComponent(id)}/explain`, options);
}

/** Oldest first. */
export async function getLogs(id: string): Promise<readonly LogLine[]> {
  const { text } = await call('GET', `/tasks/${encodeURIComponent(id)}/logs`);
  return (parseKeepingRaw(text) as { readonly logs: readonly LogLine[] }).logs;
}

export async function cancelTask(id: string): Promise<Task> {
  return parseKeepingRaw((await call('DELETE', `/tasks/${encodeURIComponent(id)}`)).text) as Task;
}

export async function retryTask(id: string): Promise<Task> {
  return parseKeepingRaw((await call('POST', `/tasks/${encodeURIComponent(id)}/retry`)).text) as Task;
}

/** @param body JSON text of a submit */
export async function submitTask(body: string): Promise<Task> {
  return parseKeepingRaw((await call('POST', '/tasks', { body })).text) as Task;
}

// Calls as curl would make them: text in, text out.
import assert from 'node:assert/strict';

export interface Task {
  readonly id: string;
  readonly status: string;
  readonly retry: number;
  readonly result: unknown;
  readonly error: string | null;
  readonly error_code: string | null;
  readonly worker_id: string | null;
  readonly started_at: string | null;
  readonly attempts: readonly { readonly outcome: string | null; readonly worker_id: string }[];
}

export async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

export async function submit(base: string, body: object): Promise<Task> {
  const response = await post(`${base}/tasks`, JSON.stringify(body));
  const text = await response.text();
  assert.equal(response.status, 201, text);
  return JSON.parse(text) as Task;
}

export async function getTask(base: string, id: string, query = ''): Promise<Task> {
  const response = await fetch(`${base}/tasks/${id}${query}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Task;
}

/** Polls until `isSo` holds. Only for what nobody announces. */
export async function eventually<T>(
  read: () => Promise<T>,
  isSo: (value: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (performance.now() > until) assert.fail(`not so within ${withinMs} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

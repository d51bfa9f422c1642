// Clients that submit over HTTP without a pause, each on a connection of its own, and keep a record of what was promised
// to them. An answer that never came is asked for again under the same Idempotency-Key, as a careful client does.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../differential/chance.ts';
import { post } from '../e2e/http.ts';

export interface TaskBody {
  readonly type: string;
  readonly payload?: object;
  readonly [member: string]: unknown;
}

/** Submits the same task so many times, up to a thousand per call. Answers the payload of each id. */
export async function submitMany(url: string, count: number, body: TaskBody): Promise<Map<string, string>> {
  const accepted = new Map<string, string>();
  const payload = JSON.stringify(body.payload ?? {});
  for (let left = count; left > 0; left -= BATCH_LIMIT) {
    const tasks = Array.from({ length: Math.min(left, BATCH_LIMIT) }, () => body);
    const response = await post(`${url}/tasks/batch`, JSON.stringify({ tasks }));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const { results, rejected } = JSON.parse(text) as { results: { task: Accepted }[]; rejected: number };
    assert.equal(rejected, 0, text);
    for (const { task } of results) accepted.set(task.id, payload);
  }
  return accepted;
}

export interface LoadOptions {
  /** With its end all calls end, answered or not. */
  readonly t: Pick<TestContext, 'after'>;
  readonly url: string;
  readonly chance: Chance;
  readonly connections?: number;
  /** Longest pause of a connection between two submits; default none. */
  readonly pauseMs?: number;
  readonly next: (chance: Chance) => TaskBody;
}

interface Accepted {
  readonly id: string;
  readonly status: string;
}

/** Of the load; and of the product. */
const BATCH_MAX = 20;
const BATCH_LIMIT = 1000;

export class Load {
  /** What was answered with 201, and the payload it was sent with. */
  readonly accepted = new Map<string, string>();
  /** Calls whose answer did not come, because the node was gone. */
  inDoubt = 0;
  /** Refusals with 503 and `Retry-After`. */
  refused = 0;
  readonly #options: LoadOptions;
  readonly #connections: Promise<void>[];
  #keys = 0;
  #numbers = 0;
  #stopped = false;
  readonly #abandoned = new AbortController();

  constructor(options: LoadOptions) {
    this.#options = options;
    const { t, connections = 6 } = options;
    t.after(() => this.#abandoned.abort());
    this.#connections = Array.from({ length: connections }, () => this.#connection());
    for (const connection of this.#connections) connection.catch(() => undefined);
  }

  /** No new submits; those under way go on until they are answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#connections);
  }

  async #connection(): Promise<void> {
    const { chance, pauseMs = 0 } = this.#options;
    while (!this.#stopped) {
      if (chance.oneIn(4)) await this.#submitMany(chance.between(1, BATCH_MAX));
      else await this.#submitOne();
      if (pauseMs > 0) await sleep(chance.below(pauseMs + 1));
    }
  }

  async #submitOne(): Promise<void> {
    const body = this.#next();
    const { status, text } = await this.#call('/tasks', body);
    assert.ok(status === 201 || status === 200, `${status} ${text}`);
    this.#promised(JSON.parse(text) as Accepted, body);
  }

  async #submitMany(count: number): Promise<void> {
    const tasks = Array.from({ length: count }, () => this.#next());
    const { status, text } = await this.#call('/tasks/batch', { tasks });
    assert.equal(status, 200, text);
    const { results, rejected } = JSON.parse(text) as { results: { task: Accepted }[]; rejected: number };
    assert.equal(rejected, 0, text);
    for (const [index, { task }] of results.entries()) this.#promised(task, tasks[index]);
  }

  #next(): TaskBody {
    const body = this.#options.next(this.#options.chance);
    return { ...body, payload: { ...body.payload, n: ++this.#numbers } };
  }

  #promised({ id }: Accepted, body: TaskBody | undefined): void {
    assert.ok(!this.accepted.has(id), `${id} was answered to two submits`);
    this.accepted.set(id, JSON.stringify(body?.payload));
  }

  /** Again and again until there is an answer. */
  async #call(path: string, body: object): Promise<{ readonly status: number; readonly text: string }> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': `load-${++this.#keys}` };
    for (;;) {
      try {
        const response = await fetch(`${this.#options.url}${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
          signal: this.#abandoned.signal,
        });
        const text = await response.text();
        if (response.status !== 503) return { status: response.status, text };
        assert.match(response.headers.get('retry-after') ?? '', /^\d+$/, '503 says when to come again');
        this.refused += 1;
      } catch (error) {
        // The node is gone, or went in the middle of its answer. Everything else is a fault of this program.
        if (!(error instanceof TypeError)) throw error;
        this.inDoubt += 1;
      }
      await sleep(20, undefined, { signal: this.#abandoned.signal });
    }
  }
}

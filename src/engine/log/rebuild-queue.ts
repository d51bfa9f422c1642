// The order in which lost tasks come back: that of their acceptance, as well as pages of many partitions let it be. Tasks that only
// their idempotency key can tell from a second submit of the same wait until all others are back.
import type { LostTask, RestoreReply, TaskRestorer } from '../../ports/task-restore.ts';

export interface RebuildQueueParts {
  readonly restorer: TaskRestorer;
  readonly mode: 'apply' | 'report';
  readonly idempotencyMs: number;
  readonly newestAt: number;
}

/** Tasks, and characters of their payloads, that wait for older ones of other partitions. */
const WINDOW_TASKS = 20_000;
const WINDOW_CHARS = 32 * 1024 * 1024;
const PAGE = 2_000;

type Told = (replies: readonly (readonly [LostTask, RestoreReply])[]) => void;

export class RebuildQueue {
  readonly #parts: RebuildQueueParts;
  readonly #told: Told;
  readonly #unclear: LostTask[] = [];
  /** When the tasks were accepted that are known by a key. */
  readonly #named = new Map<string, number[]>();
  #window: LostTask[] = [];
  #chars = 0;
  #newestAt: number;

  constructor(parts: RebuildQueueParts, told: Told) {
    this.#parts = parts;
    this.#told = told;
    this.#newestAt = parts.newestAt;
  }

  add(task: LostTask): void {
    const { idempotency, spec } = task.submission;
    if (idempotency !== undefined && task.last === null) {
      this.#unclear.push(task);
      return;
    }
    if (idempotency !== undefined) this.#name(idempotency.key, task.createdAt);
    this.#window.push(task);
    this.#chars += spec.payload.length;
  }

  /** Brings back the older half when too many wait. */
  async settle(): Promise<void> {
    if (this.#window.length < WINDOW_TASKS && this.#chars < WINDOW_CHARS) return;
    const sorted = inOrder(this.#window);
    const half = Math.ceil(sorted.length / 2);
    this.#window = sorted.slice(half);
    this.#chars = this.#window.reduce((sum, { submission }) => sum + submission.spec.payload.length, 0);
    await this.#restore(sorted.slice(0, half));
  }

  async end(): Promise<void> {
    const last = inOrder(this.#window);
    this.#window = [];
    await this.#restore(last);
    const replayed: LostTask[] = [];
    const own: LostTask[] = [];
    for (const task of inOrder(this.#unclear)) {
      const key = task.submission.idempotency?.key ?? '';
      if (this.#isNamed(key, task.createdAt)) {
        replayed.push(task);
      } else {
        this.#name(key, task.createdAt);
        own.push(task);
      }
    }
    this.#told(replayed.map((task) => [task, 'replayed']));
    await this.#restore(own);
  }

  #name(key: string, at: number): void {
    const times = this.#named.get(key);
    if (times === undefined) this.#named.set(key, [at]);
    else times.push(at);
  }

  #isNamed(key: string, at: number): boolean {
    const { idempotencyMs } = this.#parts;
    return (this.#named.get(key) ?? []).some((other) => Math.abs(other - at) < idempotencyMs);
  }

  /** A store counts its tasks in the order of time: none comes in front of those that are there. */
  async #restore(tasks: readonly LostTask[]): Promise<void> {
    const { restorer, mode } = this.#parts;
    for (let from = 0; from < tasks.length; from += PAGE) {
      const page = tasks.slice(from, from + PAGE).map((task) => {
        this.#newestAt = Math.max(this.#newestAt, task.createdAt);
        return task.createdAt === this.#newestAt ? task : { ...task, createdAt: this.#newestAt };
      });
      const replies = await restorer.restore(page, mode);
      this.#told(page.map((task, index) => [task, replies[index] ?? 'there']));
    }
  }
}

function inOrder(tasks: readonly LostTask[]): LostTask[] {
  return tasks.toSorted((a, b) => a.createdAt - b.createdAt);
}

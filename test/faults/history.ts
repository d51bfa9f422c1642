// Replays the events of a store in their order and judges each by what was true just before it: limits, order of
// claims, cancel requests. What must hold of every single life is in conformance/invariants.ts.
import type { Limit } from '../../src/domain/concurrency.ts';
import { isFinal, type TaskWithAttempts } from '../../src/domain/task.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';

export interface HistoryRules {
  /** Largest operator limit that was ever set for a key; where there is none, each task's own maximum counts. */
  readonly operatorLimits?: Readonly<Record<string, number>>;
  /** Whether all tasks were due as soon as they were accepted; only then can the order of claims be judged. */
  readonly due?: 'at once' | 'any time';
  /** How many processes share the store. `one`: another one means that the one before it is gone. Default `one`. */
  readonly nodes?: 'one' | 'many';
}

/** What is wrong, each with the number of the invariant; empty when all is well. */
export function judgeHistory(
  events: readonly TaskEvent[],
  tasks: readonly TaskWithAttempts[],
  rules: HistoryRules = {},
): string[] {
  const replay = new Replay(tasks, rules);
  for (const event of events) if (event.kind === 'status') replay.see(event);
  return replay.findings;
}

interface Known {
  readonly task: TaskWithAttempts;
  /** Place in the order of acceptance. */
  readonly place: number;
  status: TaskEvent['status'];
  retry: number;
  workerId: string | null;
  cancelRequested: boolean;
  /** Number of the attempt that runs or ran last. */
  attempt: number;
  /** Whether it could be claimed at once; after a retry only the store knows. */
  isReady: boolean;
}

class Replay {
  readonly findings: string[] = [];
  readonly #rules: HistoryRules;
  readonly #known = new Map<string, Known>();
  /** Running tasks by key. */
  readonly #running = new Map<string, Set<Known>>();
  /** Ready tasks without limits, by type, best first. */
  readonly #ready = new Map<string, ReadyQueue>();

  constructor(tasks: readonly TaskWithAttempts[], rules: HistoryRules) {
    this.#rules = rules;
    for (const [place, task] of tasks.entries()) {
      this.#known.set(task.id, {
        task,
        place,
        status: 'pending',
        retry: 0,
        workerId: null,
        cancelRequested: false,
        attempt: 0,
        isReady: false,
      });
    }
  }

  see(event: TaskEvent): void {
    const known = this.#known.get(event.taskId);
    if (known === undefined) return void this.findings.push(`C1: ${event.taskId} has events and is not kept`);
    if (event.status === 'processing' && known.status !== 'processing') this.#claimed(known, event);
    if (event.status !== 'processing') this.#left(known, event);
    known.status = event.status;
    known.retry = event.retry;
    known.cancelRequested = event.cancelRequested;
  }

  #claimed(known: Known, { workerId, version }: TaskEvent): void {
    const what = `claim of ${known.task.id} (version ${version})`;
    if (isFinal(known.status)) this.findings.push(`I10: ${what} after it was ${known.status}`);
    if (!known.isReady && this.#rules.due === 'at once' && known.retry === 0) {
      this.findings.push(`I1: ${what} although it was not ready`);
    }
    this.#judgeOrder(known, what);
    known.isReady = false;
    known.workerId = workerId;
    known.attempt += 1;
    for (const limit of known.task.limits) this.#judgeLimit(known, limit, what);
  }

  #left(known: Known, event: TaskEvent): void {
    const { task } = known;
    if (known.cancelRequested && event.status !== 'canceled') {
      this.findings.push(`I11: ${task.id} became ${event.status} after its cancel was acknowledged`);
    }
    for (const { key } of task.limits) this.#running.get(key)?.delete(known);
    known.isReady = event.status === 'pending' && event.retry === known.retry;
    if (known.isReady && task.limits.length === 0) this.#queue(task.type).add(known);
  }

  /** S1, at the only instants at which a count can grow. */
  #judgeLimit(known: Known, { key, max }: Limit, what: string): void {
    const running = this.#running.get(key) ?? new Set();
    this.#running.set(key, running);
    for (const other of running) if (this.#hasLostItsSlot(other, known)) running.delete(other);
    const limit = this.#rules.operatorLimits?.[key] ?? max;
    if (running.size >= limit) this.findings.push(`S1: ${what}: ${running.size} of ${key} ran already, limit ${limit}`);
    running.add(known);
  }

  /**
   * One process owns a data file: when another one claims, whatever the one before it ran has lost its slots. Of many, one
   * that dies or stands still loses them when its leases are over, which can be before anybody takes its tasks back.
   */
  #hasLostItsSlot(other: Known, claimed: Known): boolean {
    if (this.#rules.nodes !== 'many') return other.workerId !== claimed.workerId;
    return other.task.attempts.find(({ attempt }) => attempt === other.attempt)?.outcome === 'lost';
  }

  #judgeOrder(known: Known, what: string): void {
    if (this.#rules.due !== 'at once' || known.task.limits.length > 0) return;
    const best = this.#queue(known.task.type).best();
    if (best !== undefined && isBefore(best, known)) {
      this.findings.push(`I17: ${what} although ${best.task.id} was ready and comes first`);
    }
  }

  #queue(type: string): ReadyQueue {
    const queue = this.#ready.get(type) ?? new ReadyQueue();
    this.#ready.set(type, queue);
    return queue;
  }
}

function isBefore(a: Known, b: Known): boolean {
  return a.task.priority === b.task.priority ? a.place < b.place : a.task.priority > b.task.priority;
}

/** A heap. What is no longer ready is dropped when it comes to the top. */
class ReadyQueue {
  readonly #heap: Known[] = [];

  add(known: Known): void {
    const heap = this.#heap;
    let at = heap.push(known) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(heap[at] as Known, heap[above] as Known)) return;
      swap(heap, at, above);
      at = above;
    }
  }

  best(): Known | undefined {
    while (this.#heap[0] !== undefined && !this.#heap[0].isReady) this.#drop();
    return this.#heap[0];
  }

  #drop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let first = at;
      if (left < heap.length && isBefore(heap[left] as Known, heap[first] as Known)) first = left;
      if (right < heap.length && isBefore(heap[right] as Known, heap[first] as Known)) first = right;
      if (first === at) return;
      swap(heap, at, first);
      at = first;
    }
  }
}

function swap(heap: Known[], a: number, b: number): void {
  const held = heap[a] as Known;
  heap[a] = heap[b] as Known;
  heap[b] = held;
}

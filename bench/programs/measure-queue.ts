// The measurements that every queue goes through, each in a fresh process after a warm-up on another type.
import { run } from '../harness/program.ts';
import { type Payload, payloads, type Queue } from './queue.ts';

export interface QueueInput {
  /** Passed to the program: address of its server, path of its file. */
  readonly address: string;
  readonly measure: 'life' | 'together' | 'singles' | 'fill' | 'latency';
  readonly tasks: number;
  /** Tasks in one call of `addMany`, and calls under way at once. */
  readonly chunk: number;
  readonly chunksInFlight: number;
  /** Calls of `addOne` under way at once, for `singles`. */
  readonly singlesInFlight: number;
  /** Handlers at once. */
  readonly concurrency: number;
}

export interface QueueResult {
  readonly submitMs?: number;
  readonly processMs?: number;
  readonly totalMs?: number;
  /** From the call that adds a task to the first line of its handler. */
  readonly latenciesMs?: readonly number[];
}

const WARM_UP_TASKS = 3000;
const LATENCY_PAUSE_MS = 8;

export async function measureQueue(open: (input: QueueInput) => Promise<Queue>): Promise<void> {
  await run(async (input: QueueInput) => {
    const queue = await open(input);
    await warmUp(queue, input);
    return { measure: () => measures[input.measure](queue, input), end: () => queue.close() };
  });
}

async function warmUp(queue: Queue, input: QueueInput): Promise<void> {
  const items = payloads(WARM_UP_TASKS);
  await submit(queue, 'warm', items, input);
  await oneByOne(queue, 'warm', items, input);
  if (input.measure === 'fill' || input.measure === 'singles') return;
  await queue.work('warm', () => undefined);
  await queue.completed('warm', 2 * items.length);
  await queue.rest('warm');
}

const measures: Record<QueueInput['measure'], (queue: Queue, input: QueueInput) => Promise<QueueResult>> = {
  /** Everything is submitted before anything runs, so that both rates can be told apart. */
  async life(queue, input) {
    const submitMs = await timed(() => submit(queue, 'main', payloads(input.tasks), input));
    const processMs = await timed(async () => {
      await queue.work('main', () => undefined);
      await queue.completed('main', input.tasks);
    });
    return { submitMs, processMs, totalMs: submitMs + processMs };
  },

  /** Tasks run while others are still being submitted, by the same process. */
  async together(queue, input) {
    await queue.work('main', () => undefined);
    const totalMs = await timed(async () => {
      await submit(queue, 'main', payloads(input.tasks), input);
      await queue.completed('main', input.tasks);
    });
    return { totalMs };
  },

  async singles(queue, input) {
    return { submitMs: await timed(() => oneByOne(queue, 'main', payloads(input.tasks), input)) };
  },

  /** Tasks stay waiting, so that the runner can weigh them. */
  async fill(queue, input) {
    return { submitMs: await timed(() => submit(queue, 'main', payloads(input.tasks), input)) };
  },

  async latency(queue, input) {
    let started: (at: number) => void = () => undefined;
    await queue.work('main', () => started(performance.now()));
    const latenciesMs: number[] = [];
    for (const payload of payloads(input.tasks)) {
      await new Promise((resolve) => setTimeout(resolve, LATENCY_PAUSE_MS));
      const start = new Promise<number>((resolve) => {
        started = resolve;
      });
      const addedAt = performance.now();
      const [startedAt] = await Promise.all([start, queue.addOne('main', payload)]);
      latenciesMs.push(startedAt - addedAt);
    }
    return { latenciesMs };
  },
};

async function submit(queue: Queue, type: string, items: readonly Payload[], input: QueueInput): Promise<void> {
  let next = 0;
  await many(input.chunksInFlight, async () => {
    while (next < items.length) {
      const from = next;
      next += input.chunk;
      await queue.addMany(type, items.slice(from, from + input.chunk));
    }
  });
}

async function oneByOne(queue: Queue, type: string, items: readonly Payload[], input: QueueInput): Promise<void> {
  let next = 0;
  await many(input.singlesInFlight, async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await queue.addOne(type, item);
  });
}

async function many(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => work()));
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

// XQueue through its public API, in process: on disk with fsync by default, or on Redis.
import { defineTask, implement, type StandardSchema, type TaskInput, type TaskManager } from '../../src/index.ts';
import { measureQueue, type QueueInput } from './measure-queue.ts';
import type { Payload, Queue } from './queue.ts';
import { startManager } from './start-manager.ts';

interface XQueueInput extends QueueInput {
  /** Each task names one key whose limit is the node's capacity: a limit that never limits. */
  readonly key?: 'one key for all';
  /** Tasks are submitted and run through a contract that checks input and result. */
  readonly contract?: 'with schemas';
}

/** Checks what a schema library would check of this payload, at the least. */
const payloadSchema: StandardSchema<Payload> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate(value) {
      const { number, text } = value as Payload;
      const fits = typeof number === 'number' && typeof text === 'string';
      return fits ? { value: { number, text } } : { issues: [{ message: 'does not fit' }] };
    },
  },
};
const nothing: StandardSchema<null> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) => (value === null ? { value: null } : { issues: [{ message: 'must be null' }] }),
  },
};

/** Handlers that were called, by type. */
class Started {
  readonly #counts = new Map<string, number>();

  count(type: string): void {
    this.#counts.set(type, this.of(type) + 1);
  }

  of(type: string): number {
    return this.#counts.get(type) ?? 0;
  }
}

await measureQueue(async ({ address, concurrency, key, contract }: XQueueInput) => {
  const manager = await startManager(address, concurrency);
  const limits = key === undefined ? {} : { concurrencyKey: 'capacity', maxConcurrency: concurrency };
  const started = new Started();
  if (contract !== undefined) return typedQueue(manager, started);
  return {
    async addMany(type, payloads) {
      await manager.submitTasks(payloads.map((payload): TaskInput => ({ type, payload, ...limits })));
    },
    async addOne(type, payload) {
      await manager.submitTask(type, payload, limits);
    },
    async work(type, handle) {
      manager.registerHandler({
        type,
        handle(task) {
          started.count(type);
          return handle(task.payload as Payload);
        },
      });
    },
    completed: (type, count) => succeeded(manager, started, type, count),
    async rest() {
      // Handlers stay: they cost nothing while there is nothing of their type.
    },
    close: () => manager.close(),
  } satisfies Queue;
});

function typedQueue(manager: TaskManager, started: Started): Queue {
  const contractOf = (type: string) => defineTask({ type, input: payloadSchema, output: nothing });
  return {
    async addMany(type, payloads) {
      await manager.submitMany(contractOf(type), payloads);
    },
    async addOne(type, payload) {
      await manager.submit(contractOf(type), payload);
    },
    async work(type, handle) {
      manager.registerHandler(
        implement(contractOf(type), {
          handle(task) {
            started.count(type);
            void handle(task.payload);
            return null;
          },
        }),
      );
    },
    completed: (type, count) => succeeded(manager, started, type, count),
    async rest() {
      // As above.
    },
    close: () => manager.close(),
  };
}

/** The store is asked when the last handler was called: to be asked before would slow down what it is asked about. */
async function succeeded(manager: TaskManager, started: Started, type: string, wanted: number): Promise<void> {
  while (started.of(type) < wanted) await new Promise((resolve) => setTimeout(resolve, 2));
  while (((await manager.stats()).types[type]?.success ?? 0) < wanted) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

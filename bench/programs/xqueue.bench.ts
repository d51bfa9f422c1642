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

await measureQueue(async ({ address, concurrency, key, contract }: XQueueInput) => {
  const manager = await startManager(address, concurrency);
  const limits = key === undefined ? {} : { concurrencyKey: 'capacity', maxConcurrency: concurrency };
  if (contract !== undefined) return typedQueue(manager);
  return {
    async addMany(type, payloads) {
      await manager.submitTasks(payloads.map((payload): TaskInput => ({ type, payload, ...limits })));
    },
    async addOne(type, payload) {
      await manager.submitTask(type, payload, limits);
    },
    async work(type, handle) {
      manager.registerHandler({ type, handle: (task) => handle(task.payload as Payload) });
    },
    completed: (type, count) => succeeded(manager, type, count),
    async rest() {
      // Handlers stay: they cost nothing while there is nothing of their type.
    },
    close: () => manager.close(),
  } satisfies Queue;
});

function typedQueue(manager: TaskManager): Queue {
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
            void handle(task.payload);
            return null;
          },
        }),
      );
    },
    completed: (type, count) => succeeded(manager, type, count),
    async rest() {
      // As above.
    },
    close: () => manager.close(),
  };
}

/** Polls the counts; often at the end only, so that asking does not slow down what is asked about. */
async function succeeded(manager: TaskManager, type: string, wanted: number): Promise<void> {
  for (;;) {
    const done = (await manager.stats()).types[type]?.success ?? 0;
    if (done >= wanted) return;
    await new Promise((resolve) => setTimeout(resolve, done < wanted * 0.98 ? 25 : 2));
  }
}

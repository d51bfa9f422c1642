// BullMQ as its documentation recommends it: addBulk, one worker with a concurrency, the worker's connection with
// `maxRetriesPerRequest: null`, completed jobs kept (its default, and what XQueue does).
import { Queue as BullQueue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { measureQueue, type QueueInput } from '../programs/measure-queue.ts';
import type { Payload, Queue } from '../programs/queue.ts';

interface BullInput extends QueueInput {
  /** ioredis sends what one turn of the event loop produced in one write. */
  readonly autoPipelining?: boolean;
}

await measureQueue(async ({ address, concurrency, autoPipelining = false }: BullInput) => {
  const { hostname: host, port } = new URL(address);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null, enableAutoPipelining: autoPipelining };
  const adding = new Redis(connection);
  const queues = new Map<string, BullQueue<Payload>>();
  const workers: Worker<Payload>[] = [];
  const completed = new Map<string, number>();
  let onCompleted: () => void = () => undefined;
  const queueOf = (type: string): BullQueue<Payload> => {
    const known = queues.get(type) ?? new BullQueue<Payload>(type, { connection: adding });
    queues.set(type, known);
    return known;
  };
  return {
    async addMany(type, payloads) {
      await queueOf(type).addBulk(payloads.map((data) => ({ name: type, data })));
    },
    async addOne(type, payload) {
      await queueOf(type).add(type, payload);
    },
    async work(type, handle) {
      const worker = new Worker<Payload>(type, async (job) => handle(job.data), { connection, concurrency });
      workers.push(worker);
      worker.on('completed', () => {
        completed.set(type, (completed.get(type) ?? 0) + 1);
        onCompleted();
      });
      await worker.waitUntilReady();
    },
    async completed(type, count) {
      await new Promise<void>((resolve) => {
        onCompleted = () => {
          if ((completed.get(type) ?? 0) >= count) resolve();
        };
        onCompleted();
      });
    },
    async rest() {
      await Promise.all(workers.splice(0).map((worker) => worker.close()));
    },
    async close() {
      await Promise.all([...workers.splice(0), ...queues.values()].map((each) => each.close()));
      adding.disconnect();
    },
  } satisfies Queue;
});

// What BullMQ's Queue, Worker, QueueEvents and FlowProducer are here.
import { TaskManager } from 'xqueue';

await using manager = await TaskManager.start({ embedded: { path: ':memory:' } });

// #region worker
manager.registerHandler({
  type: 'paint',
  async handle(task, ctx) {
    await ctx.progress(42);
    return { color: (task.payload as { color: string }).color };
  },
});
// #endregion

// #region queue
const handle = await manager.submitTask(
  'paint',
  { color: 'red' },
  {
    maxRetry: 2, // attempts: 3
    retryStrategy: { type: 'exponential', delay: '1s' },
    delay: '10ms',
    priority: 10, // larger runs first
    idempotencyKey: 'paint-7', // jobId, for 24 hours
  },
);
console.log(await handle.result()); // job.waitUntilFinished(queueEvents)
// #endregion

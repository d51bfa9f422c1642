// Graphile Worker with the settings its own performance page measures with: 24 jobs at once, 25 connections, a local queue of 500,
// completions in batches. It deletes what has succeeded, so there is no record to read afterwards.
import { type AddJobsJobSpec, makeWorkerUtils, parseCronItems, type Runner, run as runWorker } from 'graphile-worker';
import { Pool } from 'pg';
import { measureQueue, type QueueInput } from '../programs/measure-queue.ts';
import type { Payload, Queue } from '../programs/queue.ts';
import { until } from './until.ts';

await measureQueue(async ({ address }: QueueInput) => {
  const pool = new Pool({ connectionString: address, max: 10 });
  const utils = await makeWorkerUtils({ pgPool: pool });
  await utils.migrate();
  const runners = new Map<string, Runner>();
  const handled = new Map<string, number>();
  return {
    async addMany(type, payloads) {
      await utils.addJobs(payloads.map((payload): AddJobsJobSpec => ({ identifier: type, payload })));
    },
    async addOne(type, payload) {
      await utils.addJob(type, payload);
    },
    async work(type, handle) {
      const runner = await runWorker({
        preset: {
          worker: {
            connectionString: address,
            concurrentJobs: 24,
            maxPoolSize: 25,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
        parsedCronItems: parseCronItems([]),
        noHandleSignals: true,
        taskList: {
          [type]: async (payload) => {
            handled.set(type, (handled.get(type) ?? 0) + 1);
            await handle(payload as Payload);
          },
        },
      });
      runners.set(type, runner);
    },
    async completed(type, count) {
      await until(() => (handled.get(type) ?? 0) >= count);
      await until(async () => {
        const { rows } = await pool.query<{ left: number }>('SELECT count(*)::int AS left FROM graphile_worker.jobs');
        return rows[0]?.left === 0;
      });
    },
    async rest(type) {
      await runners.get(type)?.stop();
      runners.delete(type);
    },
    async close() {
      await Promise.all([...runners.values()].map((runner) => runner.stop()));
      await utils.release();
      await pool.end();
    },
  } satisfies Queue;
});

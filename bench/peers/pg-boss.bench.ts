// pg-boss in bulk: `insert`, and workers that fetch a batch and go on without a pause while batches are full; woken by
// LISTEN/NOTIFY for the first one.
import { PgBoss } from 'pg-boss';
import { measureQueue, type QueueInput } from '../programs/measure-queue.ts';
import type { Payload, Queue } from '../programs/queue.ts';
import { until } from './until.ts';

interface BossInput extends QueueInput {
  readonly batchSize?: number;
  readonly workers?: number;
}

await measureQueue(async ({ address, batchSize = 500, workers = 2 }: BossInput) => {
  const boss = new PgBoss({ connectionString: address, max: 10, useListenNotify: true, schedule: false });
  boss.on('error', console.error);
  await boss.start();
  for (const name of ['warm', 'main']) await boss.createQueue(name, { notify: true });
  const handled = new Map<string, number>();
  const count = async (type: string): Promise<number> => {
    const { rows } = await boss
      .getDb()
      .executeSql(`SELECT count(*)::int AS done FROM pgboss.job WHERE name = $1 AND state = 'completed'`, [type]);
    return (rows[0] as { done: number }).done;
  };
  return {
    async addMany(type, payloads) {
      await boss.insert(
        type,
        payloads.map((data) => ({ data })),
      );
    },
    async addOne(type, payload) {
      await boss.send(type, payload);
    },
    async work(type, handle) {
      const options = {
        batchSize,
        localConcurrency: workers,
        pollingIntervalSeconds: 0.5,
        burstWhenBatchFull: true,
      };
      await boss.work<Payload>(type, options, async (jobs) => {
        handled.set(type, (handled.get(type) ?? 0) + jobs.length);
        for (const { data } of jobs) await handle(data);
      });
    },
    async completed(type, wanted) {
      await until(() => (handled.get(type) ?? 0) >= wanted);
      await until(async () => (await count(type)) >= wanted);
    },
    async rest(type) {
      await boss.offWork(type);
    },
    async close() {
      await boss.stop({ graceful: false });
    },
  } satisfies Queue;
});

// The limit holds at every instant and is used in full: the case on which the first XQueue failed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { openSqliteStore } from '../../../src/adapters/sqlite/open.ts';
import { createSubmit } from '../../../src/engine/submit.ts';
import { SILENT } from '../../../src/ports/logger.ts';
import type { TaskStore } from '../../../src/ports/task-store.ts';
import { HandlerRegistry } from '../../../src/worker/registry.ts';
import { createWorker } from '../../../src/worker/worker.ts';
import { ModelStore } from '../../model/model-store.ts';
import { quiet, STORE_SETTINGS, WORKER_SETTINGS } from './scene.ts';

const STORES: readonly (readonly [string, (clock: ManualClock) => Promise<TaskStore>])[] = [
  ['the reference store', async (clock) => new ModelStore(clock, STORE_SETTINGS)],
  ['the embedded store', (clock) => openSqliteStore({ path: ':memory:', clock, settings: STORE_SETTINGS })],
];

for (const [name, open] of STORES) {
  describe(`12 tasks with limit 3 on many nodes over ${name}`, () => {
    it('always has exactly 3 running while 3 are left, and all 12 succeed', async () => {
      const clock = new ManualClock();
      const store = await open(clock);
      const running = new Set<PromiseWithResolvers<unknown>>();
      const handle = (): Promise<unknown> => {
        const end = Promise.withResolvers<unknown>();
        running.add(end);
        return end.promise.finally(() => running.delete(end));
      };
      const workers = Array.from({ length: 5 }, (_, n) => {
        const registry = new HandlerRegistry([{ type: 'limited', handle }]);
        const settings = { ...WORKER_SETTINGS, nodeId: `node-${n}` };
        return createWorker({ store, clock, log: SILENT, registry, settings });
      });
      await quiet();
      const { submit } = createSubmit(store, clock, { nodeId: 'client', defaultRetry: 0, defaultTimeoutMs: 0 });
      const request = { type: 'limited', concurrencyKey: 'user', maxConcurrency: 3 };
      await submit(Array.from({ length: 12 }, () => request));

      for (let left = 12; left > 0; left--) {
        await quiet();
        assert.equal(running.size, Math.min(3, left), `with ${left} left`);
        const [one] = running;
        one?.resolve('ok');
      }
      await quiet();

      const { total } = await store.list({ status: 'success', limit: 1, offset: 0, order: 'asc' });
      assert.equal(total, 12);
      assert.deepEqual(await store.audit('report'), []);
      for (const worker of workers) await worker.close();
      await store.close();
    });
  });
}

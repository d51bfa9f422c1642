// Why a task waits, as the answer of `GET /tasks/{id}/explain`.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExplainAnswer } from '../../../src/protocol/schemas/explain.ts';
import { type Scene, startScene } from '../server/scene.ts';

async function explained(scene: Scene, id: string): Promise<ExplainAnswer> {
  return JSON.parse((await scene.call('GET', `/api/v1/tasks/${id}/explain`)).text) as ExplainAnswer;
}

function reportNode(scene: Scene, types: readonly string[]): Promise<void> {
  const process = { host: 'h', pid: 1, version: '1', startedAt: 0 };
  return scene.store.reportNode({ id: 'n1', ...process, types, slots: 5, running: 2, draining: false });
}

for (const store of ['model', 'memory']) {
  describe(`the explanation of a waiting task (store ${store})`, () => {
    it('names the full key and the tasks that hold it', async () => {
      await using scene = await startScene({ store });
      await reportNode(scene, ['example']);
      const limited = { type: 'example', concurrency_key: 'user_1', max_concurrency: 1 };
      const holder = await scene.submit(limited);
      const blocked = await scene.submit(limited);
      await scene.claim();
      const { pending_reason, keys } = await explained(scene, blocked);
      assert.equal(pending_reason, 'concurrency');
      const [key] = keys;
      assert.equal(key?.key, 'user_1');
      assert.deepEqual([key.limit, key.limit_source, key.running, key.full], [1, 'task', 1, true]);
      assert.deepEqual(
        key.holders.map(({ task_id }) => task_id),
        [holder],
      );
    });

    it("names the limit an operator set for the task's type", async () => {
      await using scene = await startScene({ store });
      await scene.call('PUT', '/api/v1/concurrency/type:example', { max_concurrency: 0 });
      const { pending_reason, keys } = await explained(scene, await scene.submit());
      assert.equal(pending_reason, 'paused');
      assert.deepEqual(
        keys.map(({ key, limit, limit_source }) => [key, limit, limit_source]),
        [['type:example', 0, 'operator']],
      );
    });

    it('says that no node takes its type', async () => {
      await using scene = await startScene({ store });
      await reportNode(scene, ['other']);
      const { pending_reason, handlers } = await explained(scene, await scene.submit());
      assert.deepEqual([pending_reason, handlers], ['no_handler', []]);
    });

    it('counts what comes first: larger priority, then earlier', async () => {
      await using scene = await startScene({ store });
      await reportNode(scene, ['example']);
      await scene.submit({ type: 'example', priority: 1 });
      await scene.submit({ type: 'example', priority: -1 });
      await scene.submit();
      await scene.submit({ type: 'example', delay: 60, priority: 9 });
      const id = await scene.submit();
      await scene.submit();
      const { ahead, handlers, slots, running } = await explained(scene, id);
      assert.deepEqual(ahead, { count: 2, exact: true });
      assert.deepEqual([handlers, slots, running], [['n1'], 5, 2]);
    });

    it('says when a delayed task is due and when a waiting one gives up', async () => {
      await using scene = await startScene({ store });
      const id = await scene.submit({ type: 'example', delay: 60, queue_timeout: 30 });
      const { pending_reason, run_at, gives_up_at, ahead } = await explained(scene, id);
      assert.equal(pending_reason, 'scheduled');
      assert.equal(Date.parse(gives_up_at ?? '') - Date.parse(run_at), 30_000);
      assert.equal(ahead, null);
    });
  });
}

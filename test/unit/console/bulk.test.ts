// Bulk operations as a client sees them: preview, begin, look, stop.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BulkOperation } from '../../../src/protocol/schemas/bulk.ts';
import { keyEntry, type Scene, startScene } from '../server/scene.ts';

async function bulk(scene: Scene, body: object, headers = {}): Promise<{ status: number; json: BulkOperation }> {
  const { status, text } = await scene.call('POST', '/api/v1/bulk', body, headers);
  return { status, json: JSON.parse(text) as BulkOperation };
}

/** Polls: an operation tells nobody that it has ended. */
async function ended(scene: Scene, { id }: BulkOperation): Promise<BulkOperation> {
  for (;;) {
    const operation = JSON.parse((await scene.call('GET', `/api/v1/bulk/${id}`)).text) as BulkOperation;
    if (operation.state !== 'running') return operation;
    await new Promise(setImmediate);
  }
}

async function total(scene: Scene, query: string): Promise<number> {
  return (JSON.parse((await scene.call('GET', `/api/v1/tasks?${query}`)).text) as { total: number }).total;
}

for (const store of ['model', 'memory']) {
  describe(`a bulk operation (store ${store})`, () => {
    it('cancels all tasks that match, more than a page of them, and no others', async () => {
      await using scene = await startScene({ store });
      const tasks = Array.from({ length: 700 }, (_, i) => ({ type: i < 620 ? 'example' : 'other', tags: ['x'] }));
      await scene.call('POST', '/api/v1/tasks/batch', { tasks });
      const wish = { action: 'cancel', filter: { type: 'example', tag: 'x' } };
      assert.deepEqual((await bulk(scene, { ...wish, preview: true })).json, { action: 'cancel', matched: 620 });
      const begun = await bulk(scene, wish);
      assert.equal(begun.status, 202);
      const { state, matched, processed, changed, unchanged, finished_at } = await ended(scene, begun.json);
      assert.deepEqual(
        { state, matched, processed, changed, unchanged },
        {
          state: 'done',
          matched: 620,
          processed: 620,
          changed: 620,
          unchanged: 0,
        },
      );
      assert.notEqual(finished_at, null);
      assert.equal(await total(scene, 'status=canceled&type=example'), 620);
      assert.equal(await total(scene, 'status=pending'), 80);
    });

    it('asks running tasks to stop, once each', async () => {
      await using scene = await startScene({ store });
      await scene.submit();
      await scene.claim();
      await scene.submit();
      const { changed, processed } = await ended(scene, (await bulk(scene, { action: 'cancel', filter: {} })).json);
      assert.deepEqual({ changed, processed }, { changed: 2, processed: 2 });
    });

    it('retries what ended badly, and counts what it leaves alone', async () => {
      await using scene = await startScene({ store });
      const [canceled, waiting] = [await scene.submit(), await scene.submit()];
      await scene.call('DELETE', `/api/v1/tasks/${canceled}`);
      const begun = await bulk(scene, { action: 'retry', ids: [canceled, waiting, canceled] });
      const { matched, changed, unchanged } = await ended(scene, begun.json);
      assert.deepEqual({ matched, changed, unchanged }, { matched: 2, changed: 1, unchanged: 1 });
      assert.equal(await total(scene, 'status=pending'), 2);
    });

    it('cancels the children of one task and leaves the others alone', async () => {
      await using scene = await startScene({ store });
      const parent = await scene.submit();
      const children = await scene.engine.submit([
        { type: 'child', parentId: parent },
        { type: 'child', parentId: parent },
        { type: 'child' },
      ]);
      assert.equal(children.length, 3);
      const wish = { action: 'cancel', filter: { parent_id: parent } };
      assert.equal((await bulk(scene, { ...wish, preview: true })).json.matched, 2);
      assert.equal((await ended(scene, (await bulk(scene, wish)).json)).changed, 2);
      assert.equal(await total(scene, `status=canceled&parent_id=${parent}`), 2);
      assert.equal(await total(scene, 'status=pending'), 2);
    });

    it('leaves a task alone that was accepted outside the span of time', async () => {
      await using scene = await startScene({ store });
      await scene.submit();
      const filter = { created_before: '2020-01-01T00:00:00Z' };
      assert.equal((await bulk(scene, { action: 'cancel', filter, preview: true })).json.matched, 0);
    });
  });
}

describe('a wish for a bulk operation', () => {
  it('needs either a filter or ids', async () => {
    await using scene = await startScene();
    for (const body of [{ action: 'cancel' }, { action: 'cancel', filter: {}, ids: [await scene.submit()] }]) {
      assert.equal((await bulk(scene, body)).status, 400);
    }
    assert.equal(await total(scene, 'status=pending'), 1);
  });

  it('to retry needs the scope that retrying one task needs', async () => {
    await using scene = await startScene({ keys: [keyEntry('submitter', 's', 'read', 'submit')] });
    const headers = { authorization: 'Bearer s' };
    assert.equal((await bulk(scene, { action: 'retry', filter: {} }, headers)).status, 403);
    assert.equal((await bulk(scene, { action: 'cancel', filter: {} }, headers)).status, 202);
  });
});

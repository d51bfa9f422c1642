import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Scene, startScene } from './scene.ts';

const PAYLOADS = [
  'null',
  'false',
  '-0',
  '0.10',
  '1e400',
  '-1E+400',
  '123456789012345678901234567890.0000000000000000001',
  '""',
  '[]',
  '{}',
  '[[],{},[{}],""]',
  '{"b":1,"a":2,"10":3,"9":4,"":5}',
  '{"a":1,"a":2}',
  '{"__proto__":{"x":1},"constructor":null,"toString":1}',
  '"\\ud800 \\udc00 \\ud83d\\ude00 \\u0000 \\u001f \\/ \\" \\\\ é ж 中 😀 \u2028 \u007f \ufeff"',
  '{ "spaced" : [ 1 ,\n\t2 ] }',
  `"${'x'.repeat(1024 * 1024 - 2)}"`,
  '['.repeat(64) + ']'.repeat(64),
];

/** Everything from `"payload":` to the next member. */
function payloadIn(text: string): string {
  const start = text.indexOf('"payload":') + '"payload":'.length;
  return text.slice(start, text.indexOf(',"priority":', start));
}

for (const store of ['model', 'memory', 'file']) {
  describe(`payload and result come back as they were given (${store})`, () => {
    let scene: Scene;
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'xqueue-payload-'));
      scene = await startScene({ store: store === 'file' ? join(folder, 'tasks.db') : store });
    });
    after(async () => {
      await scene[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    for (const payload of PAYLOADS) {
      it(payload.slice(0, 60), async () => {
        const submitted = await scene.call('POST', '/api/v1/tasks', `{"type":"example","payload": ${payload} }`);
        assert.equal(submitted.status, 201, submitted.text.slice(0, 300));
        assert.equal(payloadIn(submitted.text), payload);
        const { id } = JSON.parse(submitted.text) as { id: string };
        const claimed = await scene.claim();
        assert.deepEqual([claimed.task.id, claimed.task.payload], [id, payload]);
        await scene.succeed(claimed, payload);
        const read = await scene.call('GET', `/api/v1/tasks/${id}`);
        assert.equal(payloadIn(read.text), payload);
        assert.ok(read.text.includes(`"result":${payload},"error":`));
        const batch = await scene.call(
          'POST',
          '/api/v1/tasks/batch',
          `{"tasks":[{"payload":${payload},"type":"other"}]}`,
        );
        assert.equal(payloadIn(batch.text), payload);
        const listed = await scene.call('GET', '/api/v1/tasks?type=other&limit=1');
        assert.equal(payloadIn(listed.text), payload);
      });
    }
  });
}

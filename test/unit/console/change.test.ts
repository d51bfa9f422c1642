import assert from 'node:assert/strict';
import { it } from 'node:test';
import { changeOf } from '../../../console/src/live/change.ts';

const MESSAGE = { task_id: 'a', type: 't', status: 'success', version: 3, timestamp: '2026-01-01T00:00:00.000Z' };

it('a message of the feed is read bare and in a CloudEvent, and kept as it came', () => {
  const event = { specversion: '1.0', id: 'a/3', type: 'xqueue.task.status', data: MESSAGE };
  for (const text of [JSON.stringify(MESSAGE), JSON.stringify(event)]) {
    assert.deepEqual(changeOf('status', text), { ...MESSAGE, kind: 'status', text });
  }
});

it('what is no message of the feed is nothing', () => {
  for (const text of ['', '{', 'null', '7', '[]', '{}', '{"specversion":"1.0","data":null}', '{"task_id":7}']) {
    assert.equal(changeOf('status', text), null, text);
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NewestVersions } from '../../../src/client/newest-versions.ts';
import { pushedMessage } from '../../../src/client/pushed-message.ts';
import { type PushFormat, pushedMessages } from '../../../src/protocol/pushed-messages.ts';

const change = {
  kind: 'status',
  taskId: '01900000-0000-7000-8000-000000000001',
  type: 'résumé',
  status: 'success',
  version: 3,
  at: Date.UTC(2026, 0, 1),
  retry: 0,
  workerId: 'node-1',
  error: null,
  errorCode: null,
  progress: '{"data":{"specversion":"1.0"}}',
  cancelRequested: false,
} as const;

function asPushed(format: PushFormat): Uint8Array {
  const [first] = pushedMessages({ base: 'task/status', format, progressExpiryMs: 0 })(change);
  return new TextEncoder().encode(first?.payload);
}

describe('what a broker hands over', () => {
  it('is the same message, bare or in a CloudEvent', () => {
    const bare = pushedMessage(asPushed('json'));
    assert.equal(bare?.task_id, change.taskId);
    assert.equal(bare.status, 'success');
    assert.deepEqual(pushedMessage(asPushed('cloudevents')), bare);
  });

  it('is nothing when it is no message: others may publish on the same broker', () => {
    const texts = ['', '{', 'null', '7', '[]', '{}', '{"task_id":1,"type":"t","version":2}'];
    texts.push('{"specversion":"1.0"}', '{"specversion":"1.0","data":null}', '{"data":{"task_id":"a"}}');
    for (const text of texts) assert.equal(pushedMessage(new TextEncoder().encode(text)), null, text);
    assert.equal(pushedMessage(Uint8Array.of(0xff, 0, 0xfe)), null);
  });
});

describe('the newest versions', () => {
  it('let a version through once, and none after a newer one', () => {
    const newest = new NewestVersions(10);
    const told = [1, 2, 2, 4, 3, 4, 5].filter((version) => newest.isNews('a', version));
    assert.deepEqual(told, [1, 2, 4, 5]);
    assert.equal(newest.isNews('b', 1), true, 'each task has its own');
  });

  it('are forgotten for the tasks that were silent for longest', () => {
    const newest = new NewestVersions(2);
    newest.isNews('a', 1);
    newest.isNews('b', 1);
    newest.isNews('a', 2);
    newest.isNews('c', 1);
    assert.equal(newest.isNews('a', 1), false, 'heard of after b');
    assert.equal(newest.isNews('b', 1), true, 'forgotten');
  });
});

// What goes to a broker for one change: topics, the two formats, and what MQTT 5 says beside the payload.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf, type TaskChangeEvent } from '../../../src/protocol/push-messages.ts';
import { pushedMessages } from '../../../src/protocol/pushed-messages.ts';

const change: TaskChangeEvent = {
  kind: 'status',
  taskId: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
  type: 'mail',
  status: 'failed',
  version: 31,
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  retry: 1,
  workerId: 'n1',
  error: 'said "no"\n',
  errorCode: 'handler_error',
  progress: '{"progress":50}',
  cancelRequested: false,
};
const report: TaskChangeEvent = { ...change, kind: 'progress', status: 'processing' };
const plain = pushedMessages({ base: 'task/status', format: 'json', progressExpiryMs: 1500 });

test('a status change goes to two topics with one payload, progress to one', () => {
  const messages = plain(change);
  assert.deepEqual(
    messages.map(({ topic }) => topic),
    [`task/status/${change.taskId}`, 'task/status/status/failed'],
  );
  for (const { payload } of messages) assert.equal(payload, messageOf(change));
  assert.deepEqual(
    plain(report).map(({ topic }) => topic),
    [`task/progress/${change.taskId}`],
  );
});

test('progress expires, in whole seconds rounded up; a status never does', () => {
  assert.equal(plain(report)[0]?.expirySeconds, 2);
  assert.equal(plain(change)[0]?.expirySeconds, undefined);
  const lasting = pushedMessages({ base: 'task/status', format: 'json', progressExpiryMs: 0 });
  assert.equal(lasting(report)[0]?.expirySeconds, undefined);
});

test('all changes of a task are of one trace, each with a parent of its own, none sampled', () => {
  assert.equal(plain(change)[0]?.traceparent, '00-019ab3f27c1e7a408d553f0c9e2b6a17-000000000000001f-00');
  const [first, later] = [plain(change), plain({ ...change, version: 32 })].map(([one]) => one?.traceparent);
  assert.equal(first?.slice(0, 35), later?.slice(0, 35));
  assert.notEqual(first, later);
});

test('as a CloudEvent the message is the data, and source and id name the change', () => {
  const wrapped = pushedMessages({ base: 'task/status', format: 'cloudevents', progressExpiryMs: 0 });
  const [message] = wrapped(change);
  assert.equal(message?.contentType, 'application/cloudevents+json');
  assert.deepEqual(JSON.parse(message?.payload ?? ''), {
    specversion: '1.0',
    id: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17/31',
    source: 'xqueue/task/status',
    type: 'xqueue.task.status',
    subject: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
    time: '2026-01-02T03:04:05.006Z',
    traceparent: message?.traceparent,
    datacontenttype: 'application/json',
    data: JSON.parse(messageOf(change)),
  });
  assert.match(wrapped(report)[0]?.payload ?? '', /"type":"xqueue\.task\.progress"/);
});

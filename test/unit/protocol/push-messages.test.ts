import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventText, versionOfEventId } from '../../../src/protocol/event-stream.ts';
import { messageOf, type TaskChangeEvent } from '../../../src/protocol/push-messages.ts';
import { progressBase, reservedFilters, topicsBelow } from '../../../src/protocol/topics.ts';

const EVENT: TaskChangeEvent = {
  kind: 'status',
  taskId: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
  type: 'example',
  status: 'pending',
  version: 1,
  at: Date.UTC(2026, 10, 22, 18, 39, 29, 7),
  retry: 0,
  workerId: null,
  error: null,
  errorCode: null,
  progress: null,
  cancelRequested: false,
};

describe('a status message', () => {
  it('leaves out what does not apply', () => {
    assert.deepEqual(JSON.parse(messageOf(EVENT)), {
      task_id: EVENT.taskId,
      type: 'example',
      status: 'pending',
      version: 1,
      timestamp: '2026-11-22T18:39:29.007Z',
      retry: 0,
    });
  });

  it('has everything that does', () => {
    const message = messageOf({
      ...EVENT,
      status: 'failed',
      version: 9,
      retry: 2,
      workerId: 'n"1',
      error: 'line\nline',
      errorCode: 'handler_error',
      progress: '{"progress":12345678901234567890}',
      cancelRequested: true,
    });
    assert.ok(message.includes('"progress":{"progress":12345678901234567890}'));
    assert.deepEqual(JSON.parse(message), {
      task_id: EVENT.taskId,
      type: 'example',
      status: 'failed',
      version: 9,
      timestamp: '2026-11-22T18:39:29.007Z',
      retry: 2,
      worker_id: 'n"1',
      error: 'line\nline',
      error_code: 'handler_error',
      progress: { progress: Number('12345678901234567890') },
      cancel_requested: true,
    });
  });
});

it('a progress message has the progress as it was reported', () => {
  const message = messageOf({ ...EVENT, kind: 'progress', status: 'processing', version: 3, progress: '1e400' });
  assert.equal(
    message,
    `{"task_id":"${EVENT.taskId}","type":"example","progress":1e400,"version":3,"timestamp":"2026-11-22T18:39:29.007Z"}`,
  );
});

describe('topics', () => {
  it('of a status change are those of its task and of its status', () => {
    assert.deepEqual(topicsBelow('task/status')({ ...EVENT, status: 'success' }), [
      `task/status/${EVENT.taskId}`,
      'task/status/status/success',
    ]);
  });

  it('of progress are beside those of status', () => {
    assert.deepEqual(topicsBelow('task/status')({ ...EVENT, kind: 'progress' }), [`task/progress/${EVENT.taskId}`]);
    assert.deepEqual(['task/status', 'status', 'a/b', 'my/status/x', 'a/mystatus'].map(progressBase), [
      'task/progress',
      'progress',
      'a/b/progress',
      'my/status/x/progress',
      'a/mystatus/progress',
    ]);
  });

  it('below which only the server publishes are named', () => {
    assert.deepEqual(reservedFilters('task/status'), ['task/status/#', 'task/progress/#']);
  });
});

describe('a server-sent event', () => {
  it('stays one event when its JSON has line breaks', () => {
    const text = eventText({ name: 'status', id: 7, data: '{\r\n"a":\n\n1}' });
    assert.equal(text, 'id: 7\nevent: status\ndata: { "a": 1}\n\n');
  });

  it('is resumed after a version, and only after one', () => {
    assert.deepEqual(['0', '12', undefined, '', '-1', '1.5', 'x', '1'.repeat(16)].map(versionOfEventId), [
      0,
      12,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

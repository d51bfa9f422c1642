import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Compile } from 'typebox/compile';
import type { TaskWithAttempts } from '../../../src/domain/task.ts';
import { TaskAnswer, TaskDetailAnswer } from '../../../src/protocol/schemas/task.ts';
import { taskDetailJson, taskJson } from '../../../src/protocol/task-json.ts';

const AT = Date.UTC(2026, 10, 22, 18, 39, 29, 7);

function aTask(over: Partial<TaskWithAttempts> = {}): TaskWithAttempts {
  return {
    id: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
    type: 'example',
    payload: '{"a":1}',
    priority: 5,
    maxRetry: 3,
    retryStrategy: { type: 'exponential', delayMs: 1500, factor: 2, maxDelayMs: 3_600_000, jitter: 0.1 },
    queueTimeoutMs: 600_000,
    processTimeoutMs: 1,
    concurrencyKey: null,
    maxConcurrency: null,
    limits: [],
    tags: [],
    parentId: null,
    status: 'pending',
    pendingReason: 'ready',
    retry: 0,
    recoveries: 0,
    attempt: 0,
    progress: null,
    result: null,
    error: null,
    errorCode: null,
    workerId: null,
    cancelRequested: false,
    version: 1,
    createdAt: AT,
    updatedAt: AT,
    startedAt: null,
    completedAt: null,
    runAt: AT,
    attempts: [],
    ...over,
  };
}

it('a task is written with every member of the contract', () => {
  assert.deepEqual(JSON.parse(taskJson(aTask())), {
    id: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
    type: 'example',
    status: 'pending',
    pending_reason: 'ready',
    payload: { a: 1 },
    priority: 5,
    max_retry: 3,
    retry: 0,
    retry_strategy: { type: 'exponential', delay: 1.5, factor: 2, max_delay: 3600, jitter: 0.1 },
    queue_timeout: 600,
    process_timeout: 0.001,
    concurrency_key: null,
    max_concurrency: null,
    tags: [],
    parent_id: null,
    progress: null,
    result: null,
    error: null,
    error_code: null,
    worker_id: null,
    cancel_requested: false,
    version: 1,
    created_at: '2026-11-22T18:39:29.007Z',
    updated_at: '2026-11-22T18:39:29.007Z',
    started_at: null,
    completed_at: null,
    run_at: '2026-11-22T18:39:29.007Z',
  });
});

it('the detail of a task has its attempts as well', () => {
  const attempts: TaskWithAttempts['attempts'] = [
    {
      attempt: 1,
      workerId: 'n"1',
      startedAt: AT,
      endedAt: AT + 1,
      outcome: 'failed',
      error: 'x\n',
      errorCode: 'handler_error',
    },
    { attempt: 2, workerId: 'n2', startedAt: AT + 2, endedAt: null, outcome: null, error: null, errorCode: null },
  ];
  const written = JSON.parse(taskDetailJson(aTask({ attempts }))) as { attempts: unknown };
  assert.deepEqual(written.attempts, [
    {
      attempt: 1,
      worker_id: 'n"1',
      started_at: '2026-11-22T18:39:29.007Z',
      ended_at: '2026-11-22T18:39:29.008Z',
      outcome: 'failed',
      error: 'x\n',
      error_code: 'handler_error',
    },
    {
      attempt: 2,
      worker_id: 'n2',
      started_at: '2026-11-22T18:39:29.009Z',
      ended_at: null,
      outcome: null,
      error: null,
      error_code: null,
    },
  ]);
});

it('payload, progress and result are put in digit for digit', () => {
  const json = taskJson(
    aTask({ payload: '{ "n":123456789012345678901234567890 }', progress: '[1e400,-0]', result: '"\\ud800"' }),
  );
  assert.ok(json.includes('"payload":{ "n":123456789012345678901234567890 },'));
  assert.ok(json.includes('"progress":[1e400,-0],"result":"\\ud800",'));
});

describe('whatever users choose, the text is JSON and fits the description', () => {
  const task = Compile(TaskAnswer);
  const detail = Compile(TaskDetailAnswer);
  const nasty = fc.string({ unit: 'binary' });
  it('(any text in any place)', () => {
    fc.assert(
      fc.property(nasty, nasty, fc.array(nasty), fc.jsonValue(), (key, error, tags, value) => {
        const text = JSON.stringify(value);
        const given = aTask({
          concurrencyKey: key,
          maxConcurrency: 1,
          error,
          errorCode: 'handler_error',
          tags,
          payload: text,
          result: text,
          workerId: key,
          status: 'failed',
          pendingReason: null,
          completedAt: AT,
        });
        const written = JSON.parse(taskJson(given)) as Record<string, unknown>;
        assert.ok(task.Check(written));
        assert.ok(detail.Check(JSON.parse(taskDetailJson(given))));
        assert.deepEqual([written['concurrency_key'], written['error'], written['tags']], [key, error, tags]);
        assert.deepEqual(written['payload'], JSON.parse(text));
      }),
      { numRuns: 50 },
    );
  });
});

// What the console makes of a task: its timeline, and its line in a spreadsheet.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Attempt, TaskDetail } from '../../../console/src/api/task.ts';
import { RawJson } from '../../../console/src/json/keep-raw.ts';
import { spansOf } from '../../../console/src/pages/task/spans.ts';
import { csvLine } from '../../../console/src/pages/tasks/csv.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();

function task(members: Partial<TaskDetail> = {}): TaskDetail {
  return {
    id: '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17',
    type: 'email',
    status: 'pending',
    pending_reason: 'ready',
    payload: new RawJson('{"n":12345678901234567890}'),
    priority: -5,
    max_retry: 3,
    retry: 0,
    retry_strategy: { type: 'fixed', delay: 1, factor: 1, max_delay: 1, jitter: 0 },
    queue_timeout: 0,
    process_timeout: 0,
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
    created_at: at(0),
    updated_at: at(0),
    started_at: null,
    completed_at: null,
    run_at: at(0),
    attempts: [],
    ...members,
  };
}

function attempt(n: number, from: number, to: number | null, outcome: Attempt['outcome']): Attempt {
  const ended_at = to === null ? null : at(to);
  return { attempt: n, worker_id: 'n1', started_at: at(from), ended_at, outcome, error: null, error_code: null };
}

/** `kind from-to` in seconds. */
function told(of: TaskDetail): string[] {
  const second = (ms: number | null): string => (ms === null ? '' : String((ms - Date.UTC(2026, 0, 1)) / 1000));
  return spansOf(of).map(({ kind, from, to }) => `${kind} ${second(from)}-${second(to)}`);
}

describe('the timeline', () => {
  it('of a waiting task says what kind of waiting it is', () => {
    assert.deepEqual(told(task()), ['waiting 0-']);
    assert.deepEqual(told(task({ pending_reason: 'concurrency' })), ['gated 0-']);
    assert.deepEqual(told(task({ pending_reason: 'scheduled', run_at: at(60) })), ['scheduled 0-']);
    assert.deepEqual(told(task({ run_at: at(10) })), ['scheduled 0-10', 'waiting 10-']);
  });

  it('of a retried task has every attempt and the backing off between', () => {
    const attempts = [attempt(1, 2, 3, 'failed'), attempt(2, 6, 9, 'success')];
    const ended = { status: 'success', pending_reason: null, run_at: at(5), completed_at: at(9) } as const;
    assert.deepEqual(told(task({ ...ended, attempts })), [
      'waiting 0-2',
      'attempt 2-3',
      'backoff 3-5',
      'waiting 5-6',
      'attempt 6-9',
    ]);
  });

  it('of a task whose node was lost waits instead of backing off', () => {
    const attempts = [attempt(1, 1, 4, 'lost'), attempt(2, 6, null, null)];
    const running = { status: 'processing', pending_reason: null } as const;
    assert.deepEqual(told(task({ ...running, attempts })), ['waiting 0-1', 'attempt 1-4', 'waiting 4-6', 'attempt 6-']);
  });

  it('of a task that was canceled while it waited ends with it', () => {
    assert.deepEqual(told(task({ status: 'canceled', pending_reason: null, completed_at: at(7) })), ['waiting 0-7']);
  });
});

describe('a line of CSV', () => {
  it('holds the payload digit for digit and quotes what needs it', () => {
    assert.ok(csvLine(task()).includes('"{""n"":12345678901234567890}"'));
    assert.ok(csvLine(task({ error: 'a, "b"\nc' })).includes('"a, ""b""\nc"'));
  });

  it('has no cell that a spreadsheet takes for a formula, and numbers stay numbers', () => {
    for (const error of ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1']) {
      assert.match(csvLine(task({ error })), new RegExp(`,"?'\\${error[0] ?? ''}`), error);
    }
    assert.ok(csvLine(task()).includes(',-5,'));
  });
});

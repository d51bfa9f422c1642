// The judges of many nodes must see what they are there to see: a fifth handler, a slot given out twice, an end after an end.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventFollower } from '../../scripts/soak/follow-events.ts';
import type { TaskWithAttempts } from '../../src/domain/task.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';
import { aSpec } from '../conformance/builders.ts';
import { judgeHistory } from '../faults/history.ts';
import { judgeRuns } from '../faults/judge-runs.ts';
import type { Run } from '../faults/runs.ts';

type Outcome = TaskWithAttempts['attempts'][number]['outcome'];

/** A task of the key `door` with limit 1 whose attempts ended so. */
function task(...outcomes: readonly Outcome[]): TaskWithAttempts {
  const attempts = outcomes.map((outcome, index) => ({
    attempt: index + 1,
    workerId: 'n',
    startedAt: 0,
    endedAt: 1,
    outcome,
    error: null,
    errorCode: null,
  }));
  return {
    ...aSpec({ key: 'door', max: 1 }),
    status: 'success',
    pendingReason: null,
    retry: 0,
    recoveries: 0,
    attempt: outcomes.length,
    version: 1,
    attempts,
    progress: null,
    result: null,
    error: null,
    errorCode: null,
    workerId: 'n',
    cancelRequested: false,
    createdAt: 0,
    updatedAt: 0,
    runAt: 0,
    startedAt: 0,
    completedAt: 1,
  };
}

const run = (what: Run['what'], { id }: TaskWithAttempts, pid: number, attempt = 1): Run => ({
  what,
  taskId: id,
  type: 'mail',
  attempt,
  key: 'door',
  pid,
  at: 0,
});

describe('what handlers of many nodes noted', () => {
  const [one, two] = [task('success'), task('success')];
  const overlap = [run('start', one, 1), run('start', two, 2), run('end', two, 2), run('end', one, 1)];

  it('two handlers of a key with limit 1 in two processes are too many', () => {
    assert.match(judgeRuns(overlap, [one, two], { nodes: 'many' }).join(), /S2: 2 handlers of door/);
  });

  it('unless the first process was gone by then', () => {
    assert.deepEqual(judgeRuns(overlap, [one, two], { nodes: 'many', gone: [{ pid: 1, runs: 1 }] }), []);
    const tooLate = judgeRuns(overlap, [one, two], { nodes: 'many', gone: [{ pid: 1, runs: 2 }] });
    assert.match(tooLate.join(), /S2/);
  });
});

describe('what many nodes claimed', () => {
  const event = (
    { id }: TaskWithAttempts,
    version: number,
    status: TaskEvent['status'],
    workerId: string,
  ): TaskEvent => ({
    kind: 'status',
    taskId: id,
    type: 'mail',
    status,
    version,
    at: 0,
    retry: 0,
    workerId,
    error: null,
    errorCode: null,
    progress: null,
    cancelRequested: false,
  });
  const claims = (one: TaskWithAttempts, two: TaskWithAttempts): TaskEvent[] => [
    event(one, 1, 'pending', 'a'),
    event(two, 1, 'pending', 'a'),
    event(one, 2, 'processing', 'a'),
    event(two, 2, 'processing', 'b'),
  ];

  it('a second claim on another node while the first still runs breaks the limit', () => {
    const [one, two] = [task('success'), task('success')];
    assert.match(judgeHistory(claims(one, two), [one, two], { nodes: 'many' }).join(), /S1: .*limit 1/);
  });

  it('and is right when the first one was lost', () => {
    const [one, two] = [task('lost', 'success'), task('success')];
    assert.deepEqual(judgeHistory(claims(one, two), [one, two], { nodes: 'many' }), []);
  });

  it('the follower of the soak sees an end after an end, and a version that is missing', async () => {
    const one = task('success');
    const told = [event(one, 1, 'pending', 'a'), event(one, 3, 'success', 'a'), event(one, 4, 'failed', 'a')];
    let reads = 0;
    const follower = new EventFollower({
      readOutbox: async () => (reads++ === 0 ? [{ position: '1', events: () => told }] : []),
    });
    await sleep(1);
    await follower.end();
    assert.deepEqual(
      follower.findings.map((finding) => finding.slice(0, 2)),
      ['I5', 'I3'],
    );
  });
});

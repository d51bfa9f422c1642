// What the records of changes tell of a task must be what the store knew of it: a random history in a real store, told through the
// records as Kafka would have them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../../src/adapters/clock/manual-clock.ts';
import { openSqliteStore } from '../../../../src/adapters/sqlite/open.ts';
import type { Outcome } from '../../../../src/domain/outcome.ts';
import { isFinal } from '../../../../src/domain/task.ts';
import { TaskHistories } from '../../../../src/engine/push/task-histories.ts';
import type { Claimed, TaskStore } from '../../../../src/ports/task-store.ts';
import { eventRecord } from '../../../../src/protocol/event-record.ts';
import { readEventRecord } from '../../../../src/protocol/read-event-record.ts';
import {
  aSubmission,
  fail,
  nextUuid,
  recover,
  release,
  retryIn,
  SETTINGS,
  succeed,
} from '../../../conformance/builders.ts';
import { allTasks } from '../../../conformance/invariants.ts';
import { Chance } from '../../../differential/chance.ts';

const TASKS = 60;
const STEPS = 400;
const tooLong: Outcome = {
  ...fail('too long'),
  kind: 'fail',
  errorCode: 'process_timeout',
  attempt: 'timeout',
} as Outcome;

/** Ends attempts in every way there is. A task that was once lost is not released later: its code would stay. */
function outcomeFor(chance: Chance, { task }: Claimed): Outcome {
  const wishes: Outcome[] = [succeed('{"n":12345678901234567890}'), fail(), retryIn(0), tooLong];
  if (task.errorCode !== 'worker_lost') wishes.push(release);
  return chance.pick(wishes);
}

async function randomLife(store: TaskStore, clock: ManualClock, chance: Chance): Promise<void> {
  const ids: string[] = [];
  for (let step = 0; step < STEPS; step++) {
    clock.advance(chance.between(1, 50));
    if (ids.length < TASKS && chance.oneIn(2)) {
      const wish = aSubmission(chance.oneIn(5) ? { queueTimeoutMs: 200 } : {});
      ids.push(wish.spec.id);
      await store.submit([wish]);
    }
    const count = chance.below(4);
    const claimed = await store.claim({ requestId: nextUuid(), nodeId: 'n1', types: ['mail'], count });
    for (const one of claimed) {
      const { id, token } = one.lease;
      if (chance.oneIn(4)) await store.progress([{ id, token, progress: `{"progress":${chance.below(100)}}` }]);
      if (chance.oneIn(6)) await store.cancel([{ id }]);
      if (chance.oneIn(5)) {
        clock.advance(SETTINGS.leaseMs + 1);
        const lost = await store.lostLeases(100);
        const outcome = recover();
        await store.settle(lost.map((ref) => ({ ...ref, outcome, handler: 'ended', by: 'sweeper' })));
      } else {
        await store.settle([{ id, token, outcome: outcomeFor(chance, one), handler: 'ended', by: 'holder' }]);
      }
    }
    if (ids.length > 0 && chance.oneIn(8)) await store.cancel([{ id: chance.pick(ids) }]);
    if (ids.length > 0 && chance.oneIn(8)) await store.revive([chance.pick(ids)]);
    await store.sweepTimers(100);
  }
}

/** As the writer of changes does it: an ended task tells of itself when it is still in that version. */
async function told(store: TaskStore): Promise<TaskHistories> {
  const histories = new TaskHistories();
  const tasks = new Map((await allTasks(store)).map((task) => [task.id, task]));
  for (let after: string | null = null; ; ) {
    const entries = await store.readOutbox(after, 100);
    const last = entries.at(-1);
    if (last === undefined) return histories;
    after = last.position;
    for (const event of entries.flatMap((entry) => entry.events())) {
      if (event.kind !== 'status') continue;
      const task = tasks.get(event.taskId);
      const isThere = task !== undefined && task.version === event.version && isFinal(task.status);
      const change = readEventRecord(eventRecord(event, isThere ? task : null));
      assert.ok(change);
      histories.add(change);
      histories.add(change);
    }
  }
}

void describe('the history of a task, as its changes tell it', () => {
  for (const seed of [1, 2, 3, 4]) {
    void it(`is what the store knows (seed ${seed})`, async () => {
      const chance = new Chance(seed);
      const clock = new ManualClock({ now: 1_767_225_600_000 });
      const store = await openSqliteStore({ path: ':memory:', clock, settings: SETTINGS });
      try {
        await randomLife(store, clock, chance);
        const histories = await told(store);
        const tasks = await allTasks(store);
        assert.equal(histories.size, tasks.length);
        const statuses = new Set(tasks.map(({ status }) => status));
        assert.ok(statuses.has('success') && statuses.has('failed') && statuses.has('timeout'));
        for (const task of tasks) {
          const history = histories.of(task.id);
          assert.ok(history);
          const ended = task.attempts.filter(({ outcome }) => outcome !== null && outcome !== 'success');
          const { status, retry, recoveries, attempt, workerId, error, errorCode, result, completedAt } = task;
          const wanted = { status, retry, attempt, workerId, error, errorCode, attempts: ended };
          assert.deepEqual({ ...history, ...wanted }, history, `${task.id} ${status}`);
          assert.deepEqual([history.recoveries, history.startedAt], [recoveries, task.startedAt], task.id);
          if (isFinal(status)) {
            const { version, createdAt, updatedAt: at } = task;
            assert.deepEqual({ ...history, result, completedAt, version, createdAt, at }, history);
          }
        }
      } finally {
        await store.close();
      }
    });
  }

  void it('is nothing that a foreign record could make up', () => {
    const event = {
      task_id: nextUuid(),
      type: 'mail',
      status: 'success',
      version: 3,
      timestamp: '2026-01-01T00:00:00Z',
    };
    const good = { ...event, retry: 0 };
    assert.ok(readEventRecord(JSON.stringify(good)));
    const odd = [
      { retry: -1 },
      { version: 0 },
      { version: 1.5 },
      { status: 'done' },
      { task_id: '../x' },
      { timestamp: 'now' },
    ];
    for (const wrong of odd) assert.equal(readEventRecord(JSON.stringify({ ...good, ...wrong })), null);
    for (const text of ['', 'null', '[]', '7', '{"task_id":']) assert.equal(readEventRecord(text), null);
  });
});

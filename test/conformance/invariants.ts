// What must hold of every store after any history: asked after each conformance test and during the differential test.
// The numbers are those of the invariants of the design (I1 a task is in one state, I5 one event per version, ...).
import assert from 'node:assert/strict';
import { isLegal } from '../../src/domain/lifecycle.ts';
import { LIMITS } from '../../src/domain/limits.ts';
import { isFinal, STATUSES, type Status, type TaskWithAttempts } from '../../src/domain/task.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';
import type { TaskStore } from '../../src/ports/task-store.ts';

/** All tasks the store keeps, oldest first. */
export async function allTasks(store: TaskStore): Promise<TaskWithAttempts[]> {
  const tasks: TaskWithAttempts[] = [];
  for (let offset = 0; ; offset += LIMITS.listLimitMax) {
    const page = await store.list({ limit: LIMITS.listLimitMax, offset, order: 'asc' });
    const full = await store.get(page.tasks.map(({ id }) => id));
    for (const task of full) {
      assert.ok(task, 'a listed task can be read');
      tasks.push(task);
    }
    if (page.tasks.length < LIMITS.listLimitMax) return tasks;
  }
}

/** @param events all events since the store was made; `partial` when some were trimmed away. */
export async function checkInvariants(
  store: TaskStore,
  events: readonly TaskEvent[],
  history: 'complete' | 'partial' = 'complete',
): Promise<void> {
  assert.deepEqual(await store.audit('report'), [], 'audit() finds nothing');
  const tasks = await allTasks(store);
  for (const task of tasks) checkTask(task);
  await checkCounts(store, tasks);
  checkHistory(tasks, eventsByTask(events), history);
}

function checkTask(task: TaskWithAttempts): void {
  const of = `of task ${task.id} (${task.status})`;
  assert.equal(task.pendingReason !== null, task.status === 'pending', `pendingReason ${of}`);
  assert.equal(task.completedAt !== null, isFinal(task.status), `completedAt ${of}`);
  assert.ok(!task.cancelRequested || task.status === 'processing', `cancelRequested ${of}`);
  assert.equal(task.startedAt !== null, task.attempt > 0, `startedAt ${of}`);
  assert.ok(task.createdAt <= task.updatedAt, `updatedAt ${of}`);

  // I8: attempts are 1..n without gaps, each ends exactly once.
  const first = Math.max(0, task.attempt - LIMITS.attemptsKept) + 1;
  const numbers = task.attempts.map(({ attempt }) => attempt);
  const wanted = Array.from({ length: task.attempt - first + 1 }, (_, index) => first + index);
  assert.deepEqual(numbers, wanted, `attempt numbers ${of}`);
  for (const [index, { endedAt, outcome, startedAt }] of task.attempts.entries()) {
    const running = task.status === 'processing' && index === task.attempts.length - 1;
    assert.equal(endedAt === null, running, `end of attempt ${index + 1} ${of}`);
    assert.equal(outcome === null, running, `outcome of attempt ${index + 1} ${of}`);
    assert.ok(endedAt === null || startedAt <= endedAt, `attempt ${index + 1} ${of} ends after it started`);
  }
}

/** C1: accepted = the six statuses + purged, and every counter equals a recount. */
async function checkCounts(store: TaskStore, tasks: readonly TaskWithAttempts[]): Promise<void> {
  const stats = await store.stats();
  assert.equal(stats.accepted, tasks.length + stats.purged, 'C1: accepted = kept + purged');
  const types = [...new Set(tasks.map(({ type }) => type))].sort();
  assert.deepEqual(Object.keys(stats.types).sort(), types, 'C1: types that are listed');
  for (const type of types) {
    for (const status of STATUSES) {
      const n = tasks.filter((task) => task.type === type && task.status === status).length;
      assert.equal(stats.types[type]?.[status], n, `C1: ${status} tasks of type ${type}`);
    }
  }
}

/** I3, I4, I5: one event per version, in order, each a step of the lifecycle, the last one what the task is now. */
function checkHistory(
  tasks: readonly TaskWithAttempts[],
  events: ReadonlyMap<string, readonly TaskEvent[]>,
  history: 'complete' | 'partial',
): void {
  for (const [id, ofTask] of events) {
    for (const [index, event] of ofTask.entries()) {
      const before = ofTask[index - 1] ?? null;
      const what = `event ${event.version} of task ${id}`;
      if (before === null && history === 'partial') assert.ok(event.version >= 1, what);
      else assert.equal(event.version, (before?.version ?? 0) + 1, `I5: ${what} follows the one before`);
      if (before !== null || history === 'complete') checkStep(before, event, what);
    }
  }
  for (const task of tasks) {
    const last = events.get(task.id)?.at(-1);
    if (!last && history === 'partial') continue;
    assert.ok(last, `I5: task ${task.id} has events`);
    const { version, status, retry, workerId, error, errorCode, progress, cancelRequested } = task;
    const now = { version, status, retry, workerId, error, errorCode, progress, cancelRequested, at: task.updatedAt };
    const { kind: _kind, taskId: _taskId, type: _type, ...told } = last;
    assert.deepEqual(told, now, `the last event of task ${task.id} tells what it is now`);
  }
}

function checkStep(before: TaskEvent | null, event: TaskEvent, what: string): void {
  const from: Status | null = before?.status ?? null;
  if (event.kind === 'progress') {
    assert.equal(event.status, 'processing', `${what}: only a running task reports progress`);
    assert.equal(from, 'processing', `${what}: progress does not change the status`);
    return;
  }
  const asksToCancel = from === 'processing' && event.status === 'processing';
  if (asksToCancel) assert.deepEqual([before?.cancelRequested, event.cancelRequested], [false, true], what);
  else assert.ok(isLegal(from, event.status), `I4: ${what}: ${from} -> ${event.status} is not in the lifecycle`);
}

export function eventsByTask(events: readonly TaskEvent[]): Map<string, TaskEvent[]> {
  const byTask = new Map<string, TaskEvent[]>();
  for (const event of events) {
    const list = byTask.get(event.taskId);
    if (list) list.push(event);
    else byTask.set(event.taskId, [event]);
  }
  return byTask;
}

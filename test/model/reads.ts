// What can be seen of the whole: lists, numbers, keys, nodes.
import type { Status, TaskWithAttempts } from '../../src/domain/task.ts';
import type { KeyState, ListQuery, NodeState, StoreStats, TaskPage, TypeStats } from '../../src/ports/task-store.ts';
import { type Holder, keysOf, type ModelState, type ModelTask, minuteOf } from './state.ts';
import { fullView, taskView } from './views.ts';

const MINUTES_SHOWN = 60;

export function get(state: ModelState, id: string): TaskWithAttempts | null {
  const task = state.tasks.get(id);
  return task ? fullView(state, task) : null;
}

export function list(state: ModelState, query: ListQuery): TaskPage {
  const matching = state
    .all(query.status)
    .filter(
      ({ spec }) =>
        (query.type === undefined || spec.type === query.type) &&
        (query.tag === undefined || spec.tags.includes(query.tag)) &&
        (query.concurrencyKey === undefined || spec.concurrencyKey === query.concurrencyKey) &&
        (query.parentId === undefined || spec.parentId === query.parentId),
    )
    .filter(
      ({ createdAt }) =>
        createdAt >= (query.createdFrom ?? createdAt) && createdAt < (query.createdBefore ?? Number.POSITIVE_INFINITY),
    );
  matching.sort((a, b) => (query.order === 'asc' ? a.sequence - b.sequence : b.sequence - a.sequence));
  const page = matching.slice(query.offset, query.offset + query.limit);
  return { tasks: page.map((task) => taskView(state, task)), total: matching.length };
}

export function stats(state: ModelState): StoreStats {
  const types = [...new Set(state.all().map(({ spec }) => spec.type))];
  const oldest = minuteOf(state.now) - (MINUTES_SHOWN - 1) * 60_000;
  return {
    types: Object.fromEntries(types.map((type) => [type, typeStats(state, type)])),
    accepted: state.accepted,
    purged: state.purged,
    minutes: structuredClone(state.minutes.filter(({ at }) => at >= oldest)),
  };
}

function typeStats(state: ModelState, type: string): TypeStats {
  const ofType = (task: ModelTask) => task.spec.type === type;
  const count = (status: Status) => state.all(status).filter(ofType).length;
  const ready = state.ready().filter(ofType);
  const occupied = state.occupied();
  const runnable = ready.filter((task) => state.admitted(task, occupied)).length;
  return {
    pending: count('pending'),
    processing: count('processing'),
    success: count('success'),
    failed: count('failed'),
    canceled: count('canceled'),
    timeout: count('timeout'),
    oldestPendingMs: Math.max(0, ...ready.map((task) => state.now - task.dueAt)),
    demand: runnable + count('processing'),
  };
}

/** Sorted by key: every key with an operator's limit, and every key that a ready task or the holder of a slot names. */
export function concurrency(state: ModelState): KeyState[] {
  const occupants = [...state.occupied().values()].flat().map(({ task }) => task);
  const concerned = [...state.ready(), ...occupants];
  const named = concerned.flatMap(({ spec }) => spec.limits.map(({ key }) => key));
  const keys = [...new Set([...state.operatorLimits.keys(), ...named])].sort(byName);
  return keys.map((key) => keyState(state, key, concerned));
}

function keyState(state: ModelState, key: string, concerned: readonly ModelTask[]): KeyState {
  const operatorLimit = state.operatorLimits.get(key);
  const own = (task: ModelTask) => task.spec.limits.find((limit) => limit.key === key)?.max;
  // Without an operator's limit only those that name the key are its concern: a type's key limits nobody else.
  const faces = (task: ModelTask) =>
    operatorLimit === undefined ? own(task) !== undefined : keysOf(task).includes(key);
  const holders = (state.occupied().get(key) ?? []).filter(({ task }) => faces(task)).sort(byAcceptance);
  return {
    key,
    limit: operatorLimit ?? Math.max(...concerned.flatMap((task) => own(task) ?? [])),
    limitSource: operatorLimit === undefined ? 'task' : 'operator',
    running: holders.length,
    waiting: state.ready().filter(faces).length,
    holders: holders.map(({ task, workerId, endsAt }) => ({ taskId: task.spec.id, workerId, expiresAt: endsAt })),
  };
}

function byAcceptance(a: Holder, b: Holder): number {
  return a.task.sequence - b.task.sequence || a.token - b.token;
}

export function nodes(state: ModelState): NodeState[] {
  return [...state.nodes.values()]
    .map((node) => {
      const { report, heardAt: lastHeartbeatAt, drain } = node;
      const draining = report.draining || drain;
      return structuredClone({ ...report, draining, drainAsked: drain, lastHeartbeatAt, live: state.isLive(node) });
    })
    .sort((a, b) => byName(a.id, b.id));
}

/** The ready tasks that a node could take at this instant; the sharpest sense of "there is work". */
export function takeable(state: ModelState): ModelTask[] {
  const occupied = state.occupied();
  return state.ready().filter((task) => state.admitted(task, occupied));
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Why a task waits. The store says the reason in a word; this puts beside it what a person would look up next: who
// holds the full key, which nodes could run it, what comes first.
import type { Limit } from '../domain/concurrency.ts';
import { typeKey } from '../domain/concurrency.ts';
import type { Task } from '../domain/task.ts';
import type { Engine } from '../engine/engine.ts';
import type { KeyState } from '../ports/task-store.ts';
import type { ExplainAnswer } from '../protocol/schemas/explain.ts';
import { formatTimestamp } from '../protocol/timestamps.ts';

const HOLDERS_MAX = 20;
/** So many waiting tasks of the type are looked at, oldest first. */
const AHEAD_MAX = 500;

export async function explain(engine: Engine, task: Task, now: number): Promise<ExplainAnswer> {
  const [nodes, states] = await Promise.all([engine.nodes(), engine.concurrency()]);
  const able = nodes.filter((node) => node.live && !node.draining && node.types.includes(task.type));
  const byKey = new Map(states.map((state) => [state.key, state]));
  const isWaiting = task.status === 'pending';
  const deadline = isWaiting && task.queueTimeoutMs > 0 ? task.runAt + task.queueTimeoutMs : null;
  return {
    task_id: task.id,
    status: task.status,
    pending_reason: task.pendingReason,
    as_of: formatTimestamp(now),
    run_at: formatTimestamp(task.runAt),
    gives_up_at: deadline === null ? null : formatTimestamp(deadline),
    handlers: able.map(({ id }) => id).sort(),
    slots: able.reduce((sum, { slots }) => sum + slots, 0),
    running: able.reduce((sum, { running }) => sum + running, 0),
    keys: limitsFaced(task, byKey).map((limit) => wireKey(limit, byKey.get(limit.key))),
    ahead: isReady(task) ? await ahead(engine, task) : null,
  };
}

/** Its own limits, and that of its type when an operator has set one. */
function limitsFaced(task: Task, states: ReadonlyMap<string, KeyState>): readonly Limit[] {
  const own = typeKey(task.type);
  const state = states.get(own);
  const isNamed = task.limits.some(({ key }) => key === own);
  if (isNamed || state === undefined || state.limitSource !== 'operator') return task.limits;
  return [...task.limits, { key: own, max: state.limit }];
}

function wireKey({ key, max }: Limit, state: KeyState | undefined): ExplainAnswer['keys'][number] {
  const isSet = state?.limitSource === 'operator';
  const limit = isSet ? state.limit : max;
  const running = state?.running ?? 0;
  return {
    key,
    limit,
    limit_source: isSet ? 'operator' : 'task',
    running,
    waiting: state?.waiting ?? 0,
    full: running >= limit,
    holders: (state?.holders ?? []).slice(0, HOLDERS_MAX).map(({ taskId, workerId, expiresAt }) => ({
      task_id: taskId,
      worker_id: workerId,
      expires_at: formatTimestamp(expiresAt),
    })),
  };
}

function isReady({ status, pendingReason }: Task): boolean {
  return status === 'pending' && pendingReason !== 'scheduled' && pendingReason !== 'retry_backoff';
}

/** Larger priority first, then whoever was accepted first. */
async function ahead(engine: Engine, task: Task): Promise<ExplainAnswer['ahead']> {
  const page = await engine.list({
    status: 'pending',
    type: task.type,
    limit: AHEAD_MAX,
    offset: 0,
    order: 'asc',
  });
  const own = page.tasks.findIndex(({ id }) => id === task.id);
  const isFirst = (other: Task, at: number): boolean =>
    other.priority > task.priority || (other.priority === task.priority && (own === -1 || at < own));
  const count = page.tasks.filter((other, at) => other.id !== task.id && isReady(other) && isFirst(other, at)).length;
  return { count, exact: page.total <= page.tasks.length };
}

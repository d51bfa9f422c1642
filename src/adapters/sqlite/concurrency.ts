// Operators' view of keys: limits, who holds slots, how many wait.
import { typeKey } from '../../domain/concurrency.ts';
import type { KeyState } from '../../ports/task-store.ts';
import { wake } from './lanes.ts';
import { NO_MAX, slotHolders } from './slots.ts';
import type { Step } from './step.ts';
import { settleTime } from './waiting.ts';

export function setLimit(step: Step, key: string, max: number | null): void {
  if (max === null) {
    step.db.run('DELETE FROM operator_limit WHERE key = ?', key);
    step.memory.operatorLimits.delete(key);
  } else {
    step.db.run('INSERT OR REPLACE INTO operator_limit VALUES (?, ?)', key, max);
    step.memory.operatorLimits.set(key, max);
  }
  wake(step, key);
}

export function concurrency(step: Step): KeyState[] {
  settleTime(step);
  const keys = new Set(step.memory.operatorLimits.keys());
  const { held } = step.memory;
  for (const key of held.keys()) if (held.of(key).some(({ max }) => max !== NO_MAX)) keys.add(key);
  for (const [key] of step.db.rows<[string]>('SELECT DISTINCT key FROM draining_slot WHERE max IS NOT NULL'))
    keys.add(key);
  for (const [key] of step.db.rows<[string]>('SELECT DISTINCT key FROM lane_key')) keys.add(key);
  return [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).map((key) => keyState(step, key));
}

function keyState(step: Step, key: string): KeyState {
  const operatorLimit = step.memory.operatorLimits.get(key);
  const holders = slotHolders(step, key).filter(({ max }) => operatorLimit !== undefined || max !== null);
  const [named, max] = step.db.row<[number | null, number | null]>(
    'SELECT sum(lane.ready), max(k.max) FROM lane_key k JOIN lane ON lane.lane_id = k.lane_id WHERE k.key = ?',
    key,
  ) ?? [0, 0];
  return {
    key,
    limit: operatorLimit ?? Math.max(max ?? 0, ...holders.map((holder) => holder.max ?? 0)),
    limitSource: operatorLimit === undefined ? 'task' : 'operator',
    running: holders.length,
    waiting: (named ?? 0) + (operatorLimit === undefined ? 0 : unnamedWaiting(step, key)),
    holders: holders.map(({ taskId, workerId, expiresAt }) => ({ taskId, workerId, expiresAt })),
  };
}

/** Ready tasks that face their type's key without naming it: they count once an operator limits it. */
function unnamedWaiting(step: Step, key: string): number {
  for (const [type, typeId] of step.memory.typeIds) {
    if (typeKey(type) !== key) continue;
    const row = step.db.row<[number | null]>(
      `SELECT sum(ready) FROM lane WHERE type_id = ? AND lane_id NOT IN (SELECT lane_id FROM lane_key WHERE key = ?)`,
      typeId,
      key,
    );
    return row?.[0] ?? 0;
  }
  return 0;
}

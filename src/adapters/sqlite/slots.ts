// Slots: who occupies room of a key right now. A slot is part of a lease; nothing counts up or down.
import { type Limit, typeKey } from '../../domain/concurrency.ts';
import type { Step } from './step.ts';

export const NO_MAX = Number.MAX_SAFE_INTEGER;

const REMEMBERED_MAX = 1000;
const remembered = new Map<string, readonly Limit[]>();

/** All keys of a task or lane: the named ones and its type's, which limits nobody unless an operator says so. */
export function facedLimits(type: string, named: string | null): readonly Limit[] {
  const name = named === null ? type : `${type}\n${named}`;
  let limits = remembered.get(name);
  if (limits === undefined) {
    limits = facedBy(type, parseLimits(named));
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(name, limits);
  }
  return limits;
}

function facedBy(type: string, named: readonly Limit[]): readonly Limit[] {
  const own = typeKey(type);
  return named.some(({ key }) => key === own) ? named : [...named, { key: own, max: NO_MAX }];
}

/** The stored form of limits is `[[key, max], ...]`; null for none. */
export function parseLimits(named: string | null): Limit[] {
  if (named === null) return [];
  return (JSON.parse(named) as [string, number][]).map(([key, max]) => ({ key, max }));
}

export function limitsText(limits: readonly Limit[]): string | null {
  return limits.length === 0 ? null : JSON.stringify(limits.map(({ key, max }) => [key, max]));
}

export function liveSlots(step: Step, key: string): number {
  const draining = step.db.row<[number]>('SELECT count(*) FROM draining_slot WHERE key = ?', key)?.[0] ?? 0;
  return step.memory.held.count(key) + draining;
}

export interface SlotHolder {
  readonly taskId: string;
  readonly workerId: string;
  readonly expiresAt: number;
  /** What the task asked of the key; `null`: it did not name it. */
  readonly max: number | null;
}

type DrainingRow = [taskId: string, workerId: string, until: number, max: number | null, seq: number, token: number];

/** In the order the tasks were accepted. */
export function slotHolders(step: Step, key: string): SlotHolder[] {
  const draining = step.db
    .rows<DrainingRow>(
      `SELECT t.id, d.worker_id, d.drain_until, d.max, d.seq, d.token FROM draining_slot d JOIN task t ON t.seq = d.seq WHERE d.key = ?`,
      key,
    )
    .map(([taskId, workerId, expiresAt, max, seq, token]) => ({ taskId, workerId, expiresAt, max, seq, token }));
  const held = step.memory.held.of(key).map(({ seq, token, max }) => {
    const row = step.db.row<[string, string, number]>('SELECT id, worker_id, lease_ends FROM task WHERE seq = ?', seq);
    if (!row) throw new Error(`task number ${seq} holds a slot and is gone`);
    const [taskId, workerId, expiresAt] = row;
    return { taskId, workerId, expiresAt, max: max === NO_MAX ? null : max, seq, token };
  });
  return [...draining, ...held]
    .sort((a, b) => a.seq - b.seq || a.token - b.token)
    .map(({ taskId, workerId, expiresAt, max }) => ({ taskId, workerId, expiresAt, max }));
}

/** The operator's limit wins over what the task asks. */
export function maximum(step: Step, { key, max }: Limit): number {
  return step.memory.operatorLimits.get(key) ?? max;
}

export function hasRoom(step: Step, limit: Limit): boolean {
  const max = maximum(step, limit);
  return max === NO_MAX || liveSlots(step, limit.key) < max;
}

/** The lease ends but its handler runs on: all its slots, the type's own one too, stay until then. */
export function drainSlots(
  step: Step,
  limits: readonly Limit[],
  { seq, token, workerId, until }: { seq: number; token: number; workerId: string; until: number },
): void {
  step.memory.held.free(limits, token);
  for (const { key, max } of limits) {
    step.db.run(
      'INSERT INTO draining_slot VALUES (?, ?, ?, ?, ?, ?)',
      key,
      seq,
      token,
      max === NO_MAX ? null : max,
      workerId,
      until,
    );
  }
  step.dueAt(until);
}

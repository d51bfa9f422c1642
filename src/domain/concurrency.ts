// Which concurrency limits a task faces. The store decides whether there is room; this file only says which keys count.
import { type TaskSpec } from './task.ts';

/** At most `max` running tasks that name `key`, seen from the task that carries this limit. */
export interface Limit {
  readonly key: string;
  readonly max: number;
}

/** A strategy is a function of the task; it adds limits to those the client asked for. */
export type ConcurrencyStrategy = (task: {
  readonly type: string;
  readonly payload: unknown;
  readonly priority: number;
  readonly tags: readonly string[];
}) => readonly Limit[] | Limit | null | undefined;

/**
 * Every running task also occupies a slot of its type's key, without naming it. The implicit slot limits nobody
 * until an operator sets a limit for that key, or a task asks for one of its own.
 */
export function typeKey(type: string): string {
  return `type:${type}`;
}

/** The limits a task faces: what it asked for and what the strategies add. For one key the smallest maximum counts. */
export function limitsOf(
  asked: Pick<TaskSpec, 'type' | 'concurrencyKey' | 'maxConcurrency'>,
  added: readonly Limit[] = [],
): Limit[] {
  // Most tasks ask for nothing.
  if (asked.concurrencyKey === null && asked.maxConcurrency === null && added.length === 0) return [];
  if (asked.concurrencyKey !== null && added.length === 0) {
    return [{ key: asked.concurrencyKey, max: asked.maxConcurrency ?? 1 }];
  }
  const byKey = new Map<string, number>();
  const add = (key: string, max: number) => byKey.set(key, Math.min(max, byKey.get(key) ?? Number.POSITIVE_INFINITY));
  if (asked.concurrencyKey !== null) add(asked.concurrencyKey, asked.maxConcurrency ?? 1);
  else if (asked.maxConcurrency !== null) add(typeKey(asked.type), asked.maxConcurrency);
  for (const limit of added) add(limit.key, limit.max);
  return [...byKey].map(([key, max]) => ({ key, max })).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Tasks of one type that face exactly the same limits wait in one lane; this names it. */
export function laneName(type: string, limits: readonly Limit[]): string {
  return limits.length === 0 ? type : `${type}\n${JSON.stringify(limits.map(({ key, max }) => [key, max]))}`;
}

/** The same as equal names, and cheaper. */
export function isOneLane(some: Pick<TaskSpec, 'type' | 'limits'>, other: Pick<TaskSpec, 'type' | 'limits'>): boolean {
  const { limits } = other;
  if (some.type !== other.type || some.limits.length !== limits.length) return false;
  // Most tasks have none.
  return (
    limits.length === 0 || some.limits.every(({ key, max }, at) => key === limits[at]?.key && max === limits[at]?.max)
  );
}

/** At most `max` tasks of each named type at once: `byType({ image_process: 10 })`. */
export function byType(limits: Readonly<Record<string, number>>): ConcurrencyStrategy {
  return ({ type }) => (Object.hasOwn(limits, type) ? { key: typeKey(type), max: limits[type] as number } : null);
}

/** At most `max` tasks for each value of a payload field: `byPayload('user_id', 3)`. Tasks without it are not limited. */
export function byPayload(field: string, max: number): ConcurrencyStrategy {
  return ({ payload }) => {
    if (typeof payload !== 'object' || payload === null || !Object.hasOwn(payload, field)) return null;
    const value = (payload as Record<string, unknown>)[field];
    if (value === null || value === undefined) return null;
    return { key: `${field}:${typeof value === 'string' ? value : JSON.stringify(value)}`, max };
  };
}

// A span of time as a span of numbers: tasks are accepted in the order of their numbers, and the store's time never goes
// back, so an instant is found among them by halving.
import type { ListQuery } from '../../ports/task-store.ts';
import type { Step } from './step.ts';

/** Numbers of tasks: the first, and the one behind the last. */
export interface Span {
  readonly from: number;
  readonly before: number;
}

export const ALL: Span = { from: 0, before: Number.MAX_SAFE_INTEGER };

export function spanOf(step: Step, { createdFrom, createdBefore }: ListQuery): Span {
  if (createdFrom === undefined && createdBefore === undefined) return ALL;
  const from = createdFrom === undefined ? ALL.from : firstSince(step, createdFrom);
  const before = createdBefore === undefined ? ALL.before : firstSince(step, createdBefore);
  return from === ALL.from && before === ALL.before ? ALL : { from, before };
}

/** What is left of all numbers when the span is the larger part of them, else null. */
export function outsideOf(step: Step, { from, before }: Span): Span[] | null {
  const [first, last] = ends(step);
  const inside = Math.min(before, last + 1) - Math.max(from, first);
  if (inside * 2 < last + 1 - first) return null;
  const outside = [
    { from: ALL.from, before: Math.min(from, before) },
    { from: Math.max(from, before), before: ALL.before },
  ];
  return outside.filter((part) => part.before > first && part.from <= last);
}

export function within({ from, before }: Span): string {
  const lower = from === ALL.from ? '' : ` AND seq >= ${from}`;
  return before === ALL.before ? lower : `${lower} AND seq < ${before}`;
}

const AT = 'SELECT seq, created_at FROM task WHERE seq >= ? ORDER BY seq LIMIT 1';

/** The number from which on tasks were accepted at `instant` or later. */
function firstSince(step: Step, instant: number): number {
  let [low, last] = ends(step);
  let high = last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    // Numbers of forgotten tasks are missing: the next one that is there speaks for them.
    const [seq, at] = step.db.row<[number, number]>(AT, middle) ?? [high, instant];
    if (at >= instant) high = middle;
    else low = seq + 1;
  }
  return low;
}

function ends(step: Step): [first: number, last: number] {
  const [first, last] = step.db.row<[number | null, number | null]>(ENDS) ?? [null, null];
  return [first ?? 0, last ?? -1];
}

const ENDS = 'SELECT (SELECT min(seq) FROM task), (SELECT max(seq) FROM task)';

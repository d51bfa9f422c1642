// A span of time as a span of numbers, which tasks are given in the order of their acceptance.
import type { ListQuery } from '../../ports/task-store.ts';
import type { Shard } from './shard.ts';

/** Numbers of tasks: the first, and the one behind the last. */
export interface Span {
  readonly from: number;
  readonly before: number;
}

/** Numbers have six bytes. */
export const ALL: Span = { from: 0, before: 2 ** 48 };

export async function spanOf(
  shard: Shard,
  { createdFrom, createdBefore }: ListQuery,
): Promise<{ readonly span: Span; readonly ends: Span }> {
  if (createdFrom === undefined && createdBefore === undefined) return { span: ALL, ends: ALL };
  const from = createdFrom === undefined ? null : await numberSince(shard, createdFrom);
  const before = createdBefore === undefined ? null : await numberSince(shard, createdBefore);
  const ends = before?.ends ?? from?.ends ?? ALL;
  return { span: { from: from?.number ?? ALL.from, before: before?.number ?? ALL.before }, ends };
}

/** What is left of all numbers when the span is the larger part of them, else null. */
export function outsideOf(span: Span, ends: Span): Span[] | null {
  const inside = Math.min(span.before, ends.before) - Math.max(span.from, ends.from);
  if (inside * 2 < ends.before - ends.from) return null;
  const outside = [
    { from: ALL.from, before: span.from },
    { from: span.before, before: ALL.before },
  ];
  return outside.filter(({ from, before }) => before > ends.from && from < ends.before);
}

async function numberSince(shard: Shard, instant: number): Promise<{ readonly number: number; readonly ends: Span }> {
  const { values } = await shard.read('number-since', { instant });
  const [number = 0, from = 0, before = 0] = values.map(Number);
  return { number, ends: { from, before } };
}

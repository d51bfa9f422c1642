// Small schemas that speak Standard Schema, as a library of the user's would: with conversions, defaults, and one that
// takes its time.
import type { StandardSchema } from '../../../src/index.ts';

type Issue = { readonly message: string; readonly path: readonly PropertyKey[] };
type Parse<T> = (value: unknown) => { readonly value: T } | { readonly issues: readonly Issue[] };

function schema<Input, Output = Input>(parse: Parse<Output>): StandardSchema<Input, Output> {
  return { '~standard': { version: 1, vendor: 'test', validate: parse } };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** `{ to: string, copies?: number }`, where `copies` is 1 when left out. */
export const mail = schema<{ to: string; copies?: number }, { to: string; copies: number }>((value) => {
  const to = memberOf(value, 'to');
  const copies = memberOf(value, 'copies') ?? 1;
  const issues: Issue[] = [];
  if (typeof to !== 'string') issues.push({ message: 'must be a text', path: ['to'] });
  if (typeof copies !== 'number') issues.push({ message: 'must be a number', path: ['copies'] });
  return issues.length > 0 ? { issues } : { value: { to: to as string, copies: copies as number } };
});

/** An RFC 3339 text that becomes a Date. */
export const instant = schema<string, Date>((value) => {
  const at = new Date(String(value));
  return Number.isNaN(at.getTime()) ? { issues: [{ message: 'must be a time', path: [] }] } : { value: at };
});

export const percent = schema<number>((value) =>
  typeof value === 'number' && value <= 100 ? { value } : { issues: [{ message: 'must be at most 100', path: [] }] },
);

/** The same schema, answering later, as those do that look something up. */
export function late<Input, Output>(of: StandardSchema<Input, Output>): StandardSchema<Input, Output> {
  const { validate } = of['~standard'];
  return { '~standard': { version: 1, vendor: 'test', validate: async (value) => validate(value) } };
}

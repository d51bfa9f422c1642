// The interface that validation libraries share (standardschema.dev), and the one question XQueue asks of it. No library
// is known here by name: zod, valibot, arktype and whatever comes after them fit as they are.
import type { Fault } from '../domain/errors.ts';

/** Any schema of a library that speaks Standard Schema, version 1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What may be given to the schema: the value before defaults and conversions. */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input'];
/** What the schema makes of it. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/**
 * A type without a check at run time, for programs that want types only: `input: typed<{ user: number }>()`.
 * The value is taken as it is.
 */
export function typed<T>(): StandardSchema<T, T> {
  return { '~standard': { version: 1, vendor: 'xqueue', validate: (value) => ({ value: value as T }) } };
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Asks the schema. Answers at once unless the schema itself takes its time, so that handlers do not wait for nothing.
 * @param path name of the value in the faults: `payload`, `result`
 */
export function check<T>(
  schema: StandardSchema<unknown, T>,
  value: unknown,
  path: string,
): Checked<T> | Promise<Checked<T>> {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then((late) => checkedOf(late, path)) : checkedOf(result, path);
}

function checkedOf<T>(result: StandardResult<T>, path: string): Checked<T> {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const faults = result.issues.map((issue) => ({ path: pathOf(path, issue), message: issue.message }));
  return { ok: false, faults };
}

/** `payload.user.emails[0]` */
function pathOf(start: string, { path = [] }: StandardIssue): string {
  return path
    .map((part) => (typeof part === 'object' ? part.key : part))
    .reduce<string>((all, key) => all + (typeof key === 'number' ? `[${key}]` : `.${String(key)}`), start);
}

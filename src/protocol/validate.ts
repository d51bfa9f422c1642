// One schema checks, types and describes. The compiled check decides; only what it refuses is looked at again, part by
// part, to say everything that is wrong in words a person can act on.
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { Fault } from '../domain/errors.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { mustBe } from './must-be.ts';

/** A refusal is a value: callers decide whether it becomes an answer, an exception or a rejected record. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** A body of a million unknown members must not become an answer of a million faults. */
export const FAULTS_MAX = 100;

export interface ValidatorOptions {
  /** Members that exist but are not for the caller to give, with the reason. */
  readonly refused?: ReadonlyMap<string, string>;
}

export interface Validator<T> {
  check(value: unknown): value is T;
  /** What is wrong with a value that `check` refuses, at least one. @param path JSON pointer of the value */
  faults(value: unknown, path?: string): Fault[];
}

export function validatorOf<S extends TSchema>(schema: S, options: ValidatorOptions = {}): Validator<Static<S>> {
  const compiled = Compile(schema);
  return {
    check: (value): value is Static<S> => compiled.Check(value),
    faults(value, path = '') {
      const faults: Fault[] = [];
      explain(schema, value, path, { faults, refused: options.refused });
      // Cannot happen while `explain` knows every keyword in use; a refusal without a reason would be worse.
      if (faults.length === 0) faults.push({ path, message: mustBe(schema) });
      return faults;
    },
  };
}

interface Findings {
  readonly faults: Fault[];
  readonly refused: ReadonlyMap<string, string> | undefined;
}

interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
}

interface ListSchema {
  readonly type: 'array';
  readonly items: TSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

function explain(schema: TSchema, value: unknown, path: string, findings: Findings): void {
  if (findings.faults.length >= FAULTS_MAX) return;
  if (isObjectSchema(schema) && isObject(value)) explainMembers(schema, value, path, findings);
  else if (isListSchema(schema) && Array.isArray(value)) explainElements(schema, value, path, findings);
  else if (!Value.Check(schema, value)) {
    findings.faults.push({ path, message: `${mustBe(schema)}, not ${shown(value)}` });
  }
}

function explainMembers(schema: ObjectSchema, value: object, path: string, findings: Findings): void {
  const { faults, refused } = findings;
  for (const name of schema.required ?? []) {
    const member = schema.properties[name];
    if (member !== undefined && !Object.hasOwn(value, name)) {
      faults.push({ path: pointer(path, name), message: `is missing: it ${mustBe(member)}` });
    }
  }
  for (const name of Object.getOwnPropertyNames(value)) {
    if (faults.length >= FAULTS_MAX) return;
    const given = (value as Readonly<Record<string, unknown>>)[name];
    if (Object.hasOwn(schema.properties, name)) {
      const member = schema.properties[name];
      const isLeftOut = given === undefined && !schema.required?.includes(name);
      if (member !== undefined && !isLeftOut) explain(member, given, pointer(path, name), findings);
    } else faults.push({ path: pointer(path, name), message: unknownName(name, schema, refused) });
  }
}

function explainElements(schema: ListSchema, value: readonly unknown[], path: string, findings: Findings): void {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (value.length < minItems || value.length > maxItems) {
    findings.faults.push({ path, message: `${mustBe(schema)}, not ${value.length}` });
  }
  // What is beyond the limit is not looked at: it is refused anyway.
  for (let i = 0; i < value.length && i < maxItems; i++) explain(schema.items, value[i], `${path}/${i}`, findings);
}

function unknownName(name: string, schema: ObjectSchema, refused: ReadonlyMap<string, string> | undefined): string {
  const reason = refused?.get(name);
  if (reason !== undefined) return reason;
  const nearest = nearestName(name, Object.keys(schema.properties));
  return nearest === null ? 'is not known' : `is not known; did you mean ${nearest}?`;
}

function isObjectSchema(schema: object): schema is ObjectSchema {
  return 'properties' in schema;
}

function isListSchema(schema: object): schema is ListSchema {
  return 'items' in schema;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 6901. Long names are cut: the answer must not repeat a megabyte. */
export function pointer(path: string, name: string): string {
  return `${path}/${cut(name, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value, 60));
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
    case 'function':
    case 'symbol':
      return typeof value;
  }
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max).toWellFormed()}...` : text.toWellFormed();
}

// Reads the query part of an address. Everything that is not understood is a fault: a misspelt filter that is silently
// ignored answers the wrong tasks.
import type { Static, TSchema } from 'typebox';
import type { Fault } from '../domain/errors.ts';
import { type Parsed, pointer, validatorOf } from './validate.ts';

/** A query part taken apart; reading it never throws, whatever bytes it holds. */
export interface QueryText {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** Names (or whole pairs) whose percent encoding is broken. */
  readonly malformed: readonly string[];
}

const EMPTY: QueryText = { pairs: [], malformed: [] };
const PAIRS_MAX = 100;

export function splitQuery(text: string): QueryText {
  if (text === '') return EMPTY;
  const pairs: [string, string][] = [];
  const malformed: string[] = [];
  for (const part of text.split('&', PAIRS_MAX)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decoded(equals === -1 ? part : part.slice(0, equals));
    const value = equals === -1 ? '' : decoded(part.slice(equals + 1));
    if (name === null) malformed.push(part);
    else if (value === null) malformed.push(name);
    else pairs.push([name, value]);
  }
  return { pairs, malformed };
}

function decoded(text: string): string | null {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** Makes a reader for the parameters of an object schema whose members are strings, numbers or integers. */
export function queryReader<S extends TSchema>(schema: S): (query: QueryText) => Parsed<Static<S>> {
  const validator = validatorOf(schema);
  const { properties } = schema as unknown as { properties: Readonly<Record<string, { type?: string }>> };
  return (query) => {
    const faults: Fault[] = query.malformed.map((name) => ({
      path: pointer('', name),
      message: 'must be percent-encoded UTF-8',
    }));
    const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, text] of query.pairs) {
      if (Object.hasOwn(value, name)) faults.push({ path: pointer('', name), message: 'is given more than once' });
      else value[name] = typed(text, Object.hasOwn(properties, name) ? properties[name] : undefined);
    }
    if (!validator.check(value)) faults.push(...validator.faults(value));
    return faults.length === 0 ? { ok: true, value: value as Static<S> } : { ok: false, faults };
  };
}

/** Stays text when it is no number: the schema then says what it must be. `Number('')` would be 0. */
function typed(text: string, schema: { type?: string } | undefined): unknown {
  if (schema?.type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (schema?.type === 'number') return /^-?\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : text;
  return text;
}

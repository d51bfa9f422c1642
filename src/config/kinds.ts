// What kinds of value a setting can have: how each is read from text (flag, environment) and from a typed value
// (file, program), how it is shown, and how a person is told what was expected.

import { formatDuration, parseDuration } from '../domain/duration.ts';
import { API_KEY_SCOPES, type ApiKey } from './config.ts';

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

/** `T`: the resolved value. `Input`: what a program may give for it. */
export interface Kind<T, Input = T> {
  /** For the reference page: `duration`, `text`, `a \| b`. */
  readonly name: string;
  readonly expected: string;
  /** The resolved value is in milliseconds, and its name in `Config` ends in `Ms`. */
  readonly unit?: 'ms';
  fromText(text: string): Parsed<T>;
  fromValue(value: unknown): Parsed<T>;
  show(value: T): string;
  /** Never set; carries the type of what a program may give. */
  readonly input?: Input;
}

const found = <T>(value: T): Parsed<T> => ({ ok: true, value });
const wrong = (expected: string): Parsed<never> => ({ ok: false, expected });

export const text: Kind<string> = {
  name: 'text',
  expected: 'text',
  fromText: found,
  fromValue: (value) => (typeof value === 'string' ? found(value) : wrong(text.expected)),
  show: (value) => value,
};

/** Text of a certain form. */
export function textLike(name: string, expected: string, isGood: (value: string) => boolean): Kind<string> {
  const read = (value: string) => (isGood(value) ? found(value) : wrong(expected));
  return {
    ...text,
    name,
    expected,
    fromText: read,
    fromValue: (value) => (typeof value === 'string' ? read(value) : wrong(expected)),
  };
}

/** The same, or none: an empty text, `off` or null. */
export function optional(kind: Kind<string>): Kind<string | null, string | null | undefined> {
  const isNone = (value: unknown) => value === '' || value === 'off' || value === null;
  return {
    name: kind.name,
    expected: kind.expected,
    fromText: (value) => (isNone(value) ? found(null) : kind.fromText(value)),
    fromValue: (value) => (isNone(value) ? found(null) : kind.fromValue(value)),
    show: (value) => (value === null ? '' : value),
  };
}

export function integer(min: number, max: number): Kind<number> {
  const expected = `a whole number from ${min} to ${max}`;
  const read = (value: number) =>
    Number.isInteger(value) && value >= min && value <= max ? found(value) : wrong(expected);
  return {
    name: 'number',
    expected,
    fromText: (value) => (/^-?\d{1,15}$/.test(value.trim()) ? read(Number(value)) : wrong(expected)),
    fromValue: (value) => (typeof value === 'number' ? read(value) : wrong(expected)),
    show: String,
  };
}

export function duration(minMs: number, maxMs: number): Kind<number, string | number> {
  const form = 'a duration such as "30s", "5m" or a number of seconds';
  const read = (value: unknown) => {
    const ms = parseDuration(value);
    if (ms === null) return wrong(form);
    return ms >= minMs && ms <= maxMs
      ? found(ms)
      : wrong(`${form}, from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`);
  };
  return { name: 'duration', expected: form, unit: 'ms', fromText: read, fromValue: read, show: formatDuration };
}

const YES = new Set(['true', 'on', 'yes', '1']);
const NO = new Set(['false', 'off', 'no', '0']);

export const flag: Kind<boolean> = {
  name: 'true | false',
  expected: 'true or false',
  fromText(value) {
    const word = value.trim().toLowerCase();
    return YES.has(word) ? found(true) : NO.has(word) ? found(false) : wrong(flag.expected);
  },
  // YAML 1.2 reads `on` and `off` as text.
  fromValue: (value) =>
    typeof value === 'boolean' ? found(value) : typeof value === 'string' ? flag.fromText(value) : wrong(flag.expected),
  show: String,
};

export function choice<const T extends string | number>(...words: readonly T[]): Kind<T> {
  const expected = `one of ${words.join(', ')}`;
  const read = (value: unknown) => {
    const hit = words.find((word) => word === value || String(word) === value);
    return hit === undefined ? wrong(expected) : found(hit);
  };
  return { name: words.join(' | '), expected, fromText: read, fromValue: read, show: String };
}

/** Comma separated in text, a list (or one comma separated text) elsewhere. */
export function list(item: Kind<string>): Kind<readonly string[], readonly string[] | string> {
  const expected = `a list, each ${item.expected}`;
  const read = (values: readonly unknown[]): Parsed<readonly string[]> => {
    const items = values.map((value) => item.fromValue(value));
    const bad = items.find((parsed) => !parsed.ok);
    return bad === undefined ? found(items.flatMap((parsed) => (parsed.ok ? [parsed.value] : []))) : wrong(expected);
  };
  const fromText = (value: string) => read(value.split(',').flatMap((part) => part.trim() || []));
  return {
    name: `list of ${item.name}`,
    expected,
    fromText,
    fromValue: (value) =>
      typeof value === 'string' ? fromText(value) : Array.isArray(value) ? read(value) : wrong(expected),
    show: (value) => value.join(','),
  };
}

export const apiKeys: Kind<readonly ApiKey[]> = {
  name: 'list of keys',
  expected:
    'a list of { name, sha256: 64 hex digits, scopes: some of read, submit, operate }, names used once ' +
    '(`xqueue auth new-key` prints an entry)',
  fromText(value) {
    if (value.trim() === '') return found([]);
    try {
      return apiKeys.fromValue(JSON.parse(value));
    } catch {
      return wrong(`JSON: ${apiKeys.expected}`);
    }
  },
  fromValue(value) {
    if (!Array.isArray(value) || !value.every(isApiKey)) return wrong(apiKeys.expected);
    const keys = value.map(({ name, sha256, scopes }) => ({ name, sha256: sha256.toLowerCase(), scopes }));
    return new Set(keys.map((key) => key.name)).size === keys.length ? found(keys) : wrong(apiKeys.expected);
  },
  show: (value) => value.map((key) => `${key.name} (${key.scopes.join(', ')})`).join('; '),
};

function isApiKey(value: unknown): value is ApiKey {
  if (typeof value !== 'object' || value === null) return false;
  const { name, sha256, scopes, ...rest } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    name !== '' &&
    typeof sha256 === 'string' &&
    /^[0-9a-fA-F]{64}$/.test(sha256) &&
    Array.isArray(scopes) &&
    scopes.length > 0 &&
    scopes.every((scope) => API_KEY_SCOPES.some((known) => known === scope)) &&
    Object.keys(rest).length === 0
  );
}

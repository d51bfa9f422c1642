// The filter language of the task list: `type:email status:failed tag:x key:"user 1" since:1h`. It lives in the address,
// so a filter can be bookmarked and sent to somebody.
import { STATUSES, type TaskFilter } from '../api/task.ts';

export const FILTER_NAMES = ['status', 'type', 'tag', 'key', 'parent', 'since', 'until', 'id'] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

export interface Term {
  readonly name: FilterName;
  readonly value: string;
}

export interface Parsed {
  readonly terms: readonly Term[];
  /** Pieces that are not understood. */
  readonly faults: readonly string[];
}

const PIECE = /(\w+):("(?:[^"\\]|\\.)*"|\S*)|(\S+)/g;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SPAN = /^(\d+(?:\.\d+)?)(s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function parseFilter(text: string): Parsed {
  const terms: Term[] = [];
  const faults: string[] = [];
  for (const [whole, name, given = '', word] of text.matchAll(PIECE)) {
    const term = word === undefined ? termOf(name ?? '', unquoted(given)) : ID.test(word) ? idTerm(word) : null;
    if (term === null || terms.some((other) => other.name === term.name)) faults.push(whole);
    else terms.push(term);
  }
  return { terms, faults };
}

function idTerm(value: string): Term {
  return { name: 'id', value };
}

function termOf(name: string, value: string): Term | null {
  const known = FILTER_NAMES.find((one) => one === name.toLowerCase());
  if (known === undefined || value === '') return null;
  switch (known) {
    case 'status':
      return (STATUSES as readonly string[]).includes(value) ? { name: known, value } : null;
    case 'since':
    case 'until':
      return instantOf(value, 0) === null ? null : { name: known, value };
    case 'id':
    case 'parent':
      return ID.test(value) ? { name: known, value } : null;
    case 'type':
    case 'tag':
    case 'key':
      return { name: known, value };
  }
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
}

export function textOf(terms: readonly Term[]): string {
  return terms.map(({ name, value }) => `${name}:${quoted(value)}`).join(' ');
}

export function quoted(value: string): string {
  return /^[^\s"]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** `1h` counts back from `now`; dates and RFC 3339 instants are themselves. Unix ms, or null. */
function instantOf(value: string, now: number): number | null {
  const [, n, unit = ''] = SPAN.exec(value) ?? [];
  if (n !== undefined) return now - Number(n) * (UNIT_MS[unit] ?? 0);
  if (!/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : at;
}

export interface ListWish {
  readonly filter: TaskFilter;
  /** One task by its id; everything else is judged in the browser. */
  readonly id: string | null;
}

/** What to ask the server for. @param now Unix ms that `since:1h` counts from */
export function wishOf(terms: readonly Term[], now: number): ListWish {
  const value = (name: FilterName): string | undefined => terms.find((term) => term.name === name)?.value;
  const instant = (name: FilterName): string | undefined => {
    const text = value(name);
    const at = text === undefined ? null : instantOf(text, now);
    return at === null ? undefined : new Date(at).toISOString();
  };
  const members = {
    status: value('status'),
    type: value('type'),
    tag: value('tag'),
    concurrency_key: value('key'),
    parent_id: value('parent'),
    created_after: instant('since'),
    created_before: instant('until'),
  };
  const given = Object.entries(members).filter(([, member]) => member !== undefined);
  return { filter: Object.fromEntries(given), id: value('id') ?? null };
}

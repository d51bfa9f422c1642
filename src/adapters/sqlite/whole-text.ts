// SQLite's text ends at a NUL and is UTF-8, which has no lone surrogates; names and messages of users may contain
// both and must come back whole. Such a text is stored as a mark and its JSON form, which escapes them.
import type { SqlValue } from './database.ts';

/** A code point that never begins a meaningful text; one that does is stored in the marked form as well. */
const MARK = '\uFFFE';

function isPlain(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0') && !text.startsWith(MARK);
}

/** The values as SQLite can hold them; the same array when nothing has to change, which is nearly always. */
export function toStored(values: SqlValue[]): SqlValue[] {
  for (const value of values) if (!isFine(value)) return values.map(storedForm);
  return values;
}

function storedForm(value: SqlValue): SqlValue {
  return isFine(value) ? value : MARK + JSON.stringify(value);
}

function isFine(value: SqlValue): boolean {
  return typeof value !== 'string' || isPlain(value);
}

/** Turns marked texts of a row back, in place. */
export function fromStored(row: SqlValue[]): void {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value === 'string' && value.startsWith(MARK)) row[index] = JSON.parse(value.slice(1)) as string;
  }
}

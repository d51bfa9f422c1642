// What could come next while a filter is typed.
import { STATUSES } from '../api/task.ts';
import { FILTER_NAMES, quoted } from './grammar.ts';

export interface Known {
  readonly types: readonly string[];
  readonly tags: readonly string[];
  readonly keys: readonly string[];
}

const SPANS = ['15m', '1h', '6h', '24h', '7d'];
const SHOWN = 12;

export interface Suggestion {
  /** What is shown. */
  readonly label: string;
  /** The whole text with it taken. */
  readonly text: string;
}

/** @param caret where in the text the person writes */
export function suggest(text: string, caret: number, known: Known): Suggestion[] {
  const start = startOfPiece(text, caret);
  const piece = text.slice(start, caret);
  const rest = text.slice(caret).replace(/^\S*/, '');
  const [, name, begun = ''] = /^(\w+):"?(.*)$/.exec(piece) ?? [];
  const take = (taken: string, end: string): string => `${text.slice(0, start)}${taken}${end}${rest}`;
  if (name === undefined) {
    return FILTER_NAMES.filter((one) => one.startsWith(piece.toLowerCase()) && !text.includes(`${one}:`)).map(
      (one) => ({ label: `${one}:`, text: take(`${one}:`, '') }),
    );
  }
  const wanted = begun.toLowerCase();
  return valuesOf(name.toLowerCase(), known)
    .filter((value) => value.toLowerCase().includes(wanted) && value !== begun)
    .sort((a, b) => Number(b.toLowerCase().startsWith(wanted)) - Number(a.toLowerCase().startsWith(wanted)))
    .slice(0, SHOWN)
    .map((value) => ({ label: `${name}:${value}`, text: take(`${name}:${quoted(value)}`, rest === '' ? ' ' : '') }));
}

function valuesOf(name: string, { types, tags, keys }: Known): readonly string[] {
  switch (name) {
    case 'status':
      return STATUSES;
    case 'type':
      return types;
    case 'tag':
      return tags;
    case 'key':
      return keys;
    case 'since':
    case 'until':
      return SPANS;
    default:
      return [];
  }
}

/** White space ends a piece, except within quotes. */
function startOfPiece(text: string, caret: number): number {
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < caret; i++) {
    if (text[i] === '"') isQuoted = !isQuoted;
    if (/\s/.test(text[i] ?? '') && !isQuoted) start = i + 1;
  }
  return start;
}

// Finds where the parts of a JSON text stand, so that a payload can be handed on digit for digit: parsing and printing
// it again would round big integers and lose `1e400`, `-0` and key order. All functions expect text that `JSON.parse`
// has already accepted; they look at structure only and never build values.

export interface Slice {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** One member of an object; the slice is that of its value. */
export interface Member extends Slice {
  readonly name: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The members of the object that starts at or after `from`, in order; names that occur twice are there twice. */
export function membersOf(text: string, from = 0): Member[] {
  const members: Member[] = [];
  let at = skipSpace(text, skipSpace(text, from) + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const nameEnd = skipString(text, at);
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = skipValue(text, start);
    members.push({ name: nameIn(text, at, nameEnd), start, end });
    at = skipSpace(text, skipSpace(text, end) + 1);
  }
  return members;
}

/** The elements of the list that starts at or after `from`. */
export function elementsOf(text: string, from = 0): Slice[] {
  const elements: Slice[] = [];
  let at = skipSpace(text, skipSpace(text, from) + 1);
  if (text.charCodeAt(at) === CLOSE_LIST) return elements;
  while (at < text.length) {
    const end = skipValue(text, at);
    elements.push({ start: at, end });
    const next = skipSpace(text, end);
    if (text.charCodeAt(next) !== COMMA) break;
    at = skipSpace(text, next + 1);
  }
  return elements;
}

/** Whether lists and objects are nested more than `depth` levels; `[]` is one level. */
export function isDeeperThan(text: string, depth: number, from = 0, to: number = text.length): boolean {
  // Each level takes two brackets.
  if (to - from <= 2 * depth) return false;
  let open = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++open > depth) return true;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) open--;
  }
  return false;
}

/** The same value without the white space between its parts. Strings and numbers stay as they are written. */
export function withoutSpace(text: string, from = 0, to: number = text.length): string {
  let out = '';
  let kept = from;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (isSpace(code)) {
      out += text.slice(kept, at);
      kept = at + 1;
    }
  }
  return out + text.slice(kept, to);
}

function nameIn(text: string, from: number, to: number): string {
  const name = text.slice(from + 1, to - 1);
  return name.includes('\\') ? (JSON.parse(text.slice(from, to)) as string) : name;
}

function skipValue(text: string, from: number): number {
  const code = text.charCodeAt(from);
  if (code === QUOTE) return skipString(text, from);
  if (code === OPEN_LIST || code === OPEN_OBJECT) return skipNested(text, from);
  let at = from;
  while (at < text.length && !endsScalar(text.charCodeAt(at))) at++;
  return at;
}

/** Counts brackets instead of calling itself: a million levels must not end the process. */
function skipNested(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) open++;
    else if ((code === CLOSE_LIST || code === CLOSE_OBJECT) && --open === 0) return at + 1;
  }
  return text.length;
}

/** @param from position of the opening quote; answers the position after the closing one. */
function skipString(text: string, from: number): number {
  let end = text.indexOf('"', from + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before--;
  return (at - before) % 2 === 0;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSE_OBJECT || code === CLOSE_LIST || code === COLON || isSpace(code);
}

// Lays JSON text out in lines for reading, without ever building its values: what is shown is digit for digit what is
// stored.

export type TokenKind = 'name' | 'string' | 'number' | 'word' | 'sign';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

export interface Line {
  readonly depth: number;
  readonly tokens: readonly Token[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** @param linesMax lines after which it stops; the rest is left out */
export function linesOf(json: string, linesMax: number): { readonly lines: readonly Line[]; readonly isCut: boolean } {
  const lines: Line[] = [];
  let tokens: Token[] = [];
  let depth = 0;
  const found = [...json.matchAll(TOKEN)].map(([text]) => text);
  const endLine = (): void => {
    lines.push({ depth, tokens });
    tokens = [];
  };
  for (const [i, text] of found.entries()) {
    if (lines.length >= linesMax) return { lines, isCut: true };
    const next = found[i + 1];
    if (text === '{' || text === '[') {
      tokens.push({ kind: 'sign', text });
      if (next === '}' || next === ']') continue;
      endLine();
      depth++;
    } else if (text === '}' || text === ']') {
      const previous = found[i - 1];
      if (previous !== '{' && previous !== '[') {
        endLine();
        depth--;
      }
      tokens.push({ kind: 'sign', text });
    } else if (text === ',') {
      tokens.push({ kind: 'sign', text });
      endLine();
    } else if (text === ':') tokens.push({ kind: 'sign', text: ': ' });
    else tokens.push({ kind: kindOf(text, next), text });
  }
  endLine();
  return { lines, isCut: false };
}

function kindOf(text: string, next: string | undefined): TokenKind {
  if (text.startsWith('"')) return next === ':' ? 'name' : 'string';
  return /^[-\d]/.test(text) ? 'number' : 'word';
}

/** The same value, laid out in lines. */
export function indented(json: string): string {
  return linesOf(json, Number.POSITIVE_INFINITY)
    .lines.map(({ depth, tokens }) => '  '.repeat(depth) + tokens.map(({ text }) => text).join(''))
    .join('\n');
}

/** Why a text is not JSON, or null. */
export function faultOf(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

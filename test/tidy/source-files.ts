// The files of the repository as tidy rules see them: everything that is or could be committed.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A rule looks at one file and answers what is wrong with it; an empty list is praise. */
export type Rule = (file: SourceFile) => readonly string[];

export const ROOT = join(import.meta.dirname, '..', '..');
const TEXT = /\.(ts|tsx|mjs|js|css|html|lua|sql|json|md|ya?ml|sh)$|(^|\/)(\.ci\/run|\.gitignore|\.npmrc|LICENSE)$/;

export function sourceFiles(): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return [...new Set(listed.split('\0'))]
    .filter((path) => TEXT.test(path) && exists(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** A file that was deleted but is still in the index is listed too. */
function exists(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() === true;
}

/** `path:line what` for each match of `pattern` (which needs the `g` flag) in `text`. */
export function matches(path: string, text: string, pattern: RegExp, what: string): string[] {
  return [...text.matchAll(pattern)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length;
    return `${path}:${line} ${what}: ${match[0].trim()}`;
  });
}

/** Blanks comments and keeps the lines, so that prose about a rule does not break it. */
export function withoutComments(text: string): string {
  const stringsAndComments = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replaceAll(stringsAndComments, (found) =>
    found.startsWith('/') ? found.replaceAll(/[^\n]/g, ' ') : found,
  );
}

/** Rules must not contain what they forbid, so their words are spelled in pieces. */
export function spelled(...pieces: readonly string[]): string {
  return pieces.join('');
}

// Rules about the pages people read: two languages that say the same, commands and links that work.
import { posix } from 'node:path';

/** What two translations of one page must have in common: the levels of the headings and the code, comments aside. */
export function skeletonOf(page: string): string[] {
  const skeleton: string[] = [];
  let fence: string | null = null;
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) {
      fence = fence === null ? line.slice(3) : null;
      skeleton.push(line);
    } else if (fence !== null) {
      const code = withoutRemark(line, fence).trimEnd();
      if (code !== '') skeleton.push(code);
    } else {
      const heading = /^(#+) /.exec(line);
      if (heading !== null) skeleton.push(`${heading[1]} heading`);
    }
  }
  return skeleton;
}

function withoutRemark(line: string, fence: string): string {
  if (fence === 'sh' || fence === 'yaml') return line.replace(/(^|\s)#\s.*$/, '');
  if (fence === 'ts' || fence === 'js') return line.replace(/(^|\s)\/\/\s.*$/, '');
  return line;
}

/** The first lines where the two differ, or nothing. */
export function differences(page: string, translation: string): string[] {
  const a = skeletonOf(page);
  const b = skeletonOf(translation);
  const at = a.findIndex((line, index) => line !== b[index]);
  if (at < 0 && a.length === b.length) return [];
  const place = at < 0 ? a.length : at;
  return [`"${a[place] ?? 'the end'}" here is "${b[place] ?? 'the end'}" there`];
}

/** Names of npm scripts the page tells people to run that are not in `scripts`. */
export function unknownScripts(page: string, scripts: ReadonlySet<string>): string[] {
  const named = [...page.matchAll(/\bnpm (?:run (?:-\w+ )*([\w:]+)|(start|test)\b)/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  return [...new Set(named)].filter((name) => !scripts.has(name));
}

/** Relative links of the page at `path` that lead to nothing in `files`. */
export function brokenLinks(path: string, page: string, files: ReadonlySet<string>): string[] {
  const prose = page.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const file = posix.normalize(posix.join(posix.dirname(path), target)).replace(/\/$/, '');
    return !files.has(file) && ![...files].some((other) => other.startsWith(`${file}/`));
  });
}

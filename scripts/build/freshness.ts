// Whether dist/ was made of exactly the sources that are here. By content: a checkout or a copy changes every time stamp.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SOURCES = [
  'src',
  'scripts/build.ts',
  'scripts/build',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'package-lock.json',
  // What the console in dist/console is of.
  'console/dist/built-from.txt',
];
/** With the packages: whoever installs them anew gets a new build, too. */
const STAMP = 'node_modules/.cache/xqueue/built-from';

/** What a build of `root` is made of, as one word. */
export function digestOfSources(root: string): string {
  const hash = createHash('sha256');
  for (const name of SOURCES.flatMap((source) => filesAt(root, source))) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  }
  return hash.digest('hex');
}

export function isFresh(root: string): boolean {
  const stamp = join(root, STAMP);
  if (!existsSync(join(root, 'dist', 'cli', 'bin.js')) || !existsSync(stamp)) return false;
  return readFileSync(stamp, 'utf8') === digestOfSources(root);
}

/** @param digest of before the build: what was changed while it ran must make it stale */
export function recordBuild(root: string, digest: string): void {
  mkdirSync(dirname(join(root, STAMP)), { recursive: true });
  writeFileSync(join(root, STAMP), digest);
}

function filesAt(root: string, source: string): string[] {
  const path = join(root, source);
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [source];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

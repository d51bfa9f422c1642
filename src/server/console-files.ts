// The built web console, read once and kept in memory: its page, its scripts and styles, each also compressed. Where it
// lies depends on how the product runs: beside the compiled server in a package, in console/dist when run from the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface ConsoleFile {
  readonly type: string;
  readonly body: Buffer;
  /** gzip of `body`; `null` where that gains nothing. */
  readonly zipped: Buffer | null;
}

export interface ConsoleFiles {
  /** What is served for every address of the console. */
  readonly page: ConsoleFile;
  /** By name below `/assets/`; names hold a digest of the content. */
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The folder of the last build; `null`: the console was never built. */
export function consoleFolder(): string | null {
  const inPackage = join(import.meta.dirname, '..', 'console');
  const fromSources = join(import.meta.dirname, '..', '..', 'console', 'dist');
  return [inPackage, fromSources].find((folder) => existsSync(join(folder, 'index.html'))) ?? null;
}

/** @throws Error when the folder holds no console */
export function readConsole(folder: string): ConsoleFiles {
  const assets = join(folder, 'assets');
  const names = readdirSync(assets).filter((name) => Object.hasOwn(TYPES, extname(name)));
  return {
    page: fileAt(join(folder, 'index.html')),
    assets: new Map(names.map((name) => [name, fileAt(join(assets, name))])),
  };
}

function fileAt(path: string): ConsoleFile {
  const body = readFileSync(path);
  const zipped = gzipSync(body, { level: 9 });
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  return { type, body, zipped: zipped.length < body.length ? zipped : null };
}

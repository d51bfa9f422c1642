// Builds the web console into console/dist, where a server that runs from the sources finds it. Once, however many
// processes (test files that run at the same time) want it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CONSOLE = join(import.meta.dirname, '..', '..', 'console');
/** Holds the id of the process that builds. Not in node_modules, which `npm ci` throws away. */
const LOCK = join(CONSOLE, '.building');
const BUILT_FROM = join(CONSOLE, 'dist', 'built-from.txt');
const BUILD_MS_MAX = 200_000;

/**
 * Installs what builds it where nobody has yet; does nothing when the last build is of the sources as they are.
 * @param onWork called before something is done that takes a while @throws when npm cannot install or build
 */
export async function buildConsole(onWork: () => void = () => undefined): Promise<void> {
  const sources = fingerprint();
  if (!isBuiltFrom(sources)) onWork();
  while (!isBuiltFrom(sources)) {
    if (isLocked()) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    try {
      if (!existsSync(join(CONSOLE, 'node_modules', 'vite'))) npm('ci');
      npm('run', 'build');
      writeFileSync(BUILT_FROM, sources);
    } finally {
      rmSync(LOCK, { force: true });
    }
  }
}

function isBuiltFrom(sources: string): boolean {
  return existsSync(BUILT_FROM) && readFileSync(BUILT_FROM, 'utf8') === sources;
}

/** False: the lock is ours now. One whose process has ended does not count. */
function isLocked(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return false;
  } catch {
    if (!isAlive(holder())) rmSync(LOCK, { force: true });
    return true;
  }
}

/** 0: it has just been taken and not been written to, or just been given back. */
function holder(): number {
  try {
    return Number(readFileSync(LOCK, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks. To 0 it would ask for our own group, which is alive: right for a lock in between.
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function npm(...args: readonly string[]): void {
  const run = spawnSync('npm', [...args, '--prefix', CONSOLE], { encoding: 'utf8', timeout: BUILD_MS_MAX });
  if (run.status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${run.stdout}\n${run.stderr}`);
}

function fingerprint(): string {
  const hash = createHash('sha256');
  const files = globSync(['src/**/*.{ts,tsx,css}', '*.{json,ts,html}'], { cwd: CONSOLE }).sort();
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(CONSOLE, file)));
  return hash.digest('hex');
}

// `npm run build`: makes dist/, what the published package consists of and what `npm start` runs: the sources as JavaScript
// with their types, the files that are read at run time (SQL, Lua, the web console), and the packages that are used, bundled.
// With `--if-stale`, before each start, it does nothing when dist/ is of the sources as they are; else it does what a start
// needs: it does not check the types, and takes the console only if it is built.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { extname, join } from 'node:path';
import { digestOfSources, isFresh, recordBuild } from './build/freshness.ts';
import { buildConsole } from './console/build-console.ts';

type Manner = 'with_types_checked' | 'for_a_start';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

if (!process.argv.includes('--if-stale')) {
  await buildConsole();
  await build('with_types_checked');
} else if (!isFresh(root)) {
  say('building dist/ (once per change of the sources)');
  await build('for_a_start');
}

async function build(how: Manner): Promise<void> {
  const { bundlePackages } = await import('./build/bundle-packages.ts');
  const digest = digestOfSources(root);
  mkdirSync(join(root, 'tmp'), { recursive: true });
  // Beside the old one, and then in its place: a command that starts meanwhile finds one or the other.
  const made = mkdtempSync(join(root, 'tmp', 'build-'));
  chmodSync(made, 0o755);
  try {
    compile(made, how);
    cpSync(join(root, 'src'), made, {
      recursive: true,
      filter: (source) => statSync(source).isDirectory() || extname(source) !== '.ts',
    });
    chmodSync(join(made, 'cli', 'bin.js'), 0o755);
    await bundlePackages(made, root, peers());
    const console = join(root, 'console', 'dist');
    if (existsSync(console)) cpSync(console, join(made, 'console'), { recursive: true });
    rmSync(dist, { recursive: true, force: true });
    renameSync(made, dist);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  recordBuild(root, digest);
}

function compile(into: string, how: Manner): void {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const flags = ['-p', 'tsconfig.build.json', '--outDir', into, ...(how === 'for_a_start' ? ['--noCheck'] : [])];
  const compiled = spawnSync(tsc, flags, { cwd: root, stdio: 'inherit' });
  if (compiled.status !== 0) throw new Error('The sources do not compile');
}

function peers(): string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { peerDependencies?: object };
  return Object.keys(manifest.peerDependencies ?? {});
}

// The licences of what was bundled, as they ask for.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
}

/** @param files what the bundle was made of */
export function licencesOf(files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => packageFolder(file) ?? []));
  const texts = [...folders].map((folder) => {
    const { name, version, license } = manifestIn(folder);
    const own = readdirSync(folder)
      .filter((file) => LICENCE_FILE.test(file))
      .sort()
      .map((file) => readFileSync(join(folder, file), 'utf8').trim());
    if (license === undefined && own.length === 0) throw new Error(`${name} does not say under which licence it is`);
    return [`${name} ${version} (${license ?? 'see below'})`, ...own].join('\n\n');
  });
  const about = 'The files in this folder contain parts of these packages:';
  return `${[about, ...texts.sort()].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** The folder of the package that a file belongs to; `null` for what is made by the bundler. */
function packageFolder(file: string): string | null {
  if (!file.includes('node_modules')) return null;
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    // Some packages have small manifests in folders of theirs.
    if (existsSync(join(folder, 'package.json')) && manifestIn(folder).version !== undefined) return folder;
  }
  return null;
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

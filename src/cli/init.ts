// `xqueue init [folder]`: a small typed project that runs. It never overwrites a file.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { VERSION } from '../version.ts';
import { addExamples } from './examples.ts';
import { EXIT, Exit } from './exit.ts';
import type { Io } from './io.ts';

const SOURCES = ['tasks', 'handlers', 'submit'] as const;
/** `.mts`: modules also in a project whose other files are CommonJS, which `npm init` says of every new one. */
type Ending = '.ts' | '.mts';
/** So that editors and `tsc` see types; the project's own stays. */
const TSCONFIG = 'tsconfig.json';
const MANIFEST = 'package.json';
type Manifest = Readonly<Record<string, unknown>> & { readonly scripts?: { readonly start?: string } };

export function addInit(program: Command, io: Io): void {
  const command = program
    .command('init')
    .description('Write a small typed project: tasks, handlers, a program that submits')
    .argument('[folder]', 'where; made if it is not there', '.');
  addExamples(command, 'xqueue init my-queue');
  command.action((folder: string) => {
    const root = resolve(folder);
    const given = manifestIn(root);
    const ending: Ending = given?.['type'] === 'commonjs' ? '.mts' : '.ts';
    const sources = SOURCES.map((name) => ({ file: `${name}${ending}`, text: source(name, ending) }));
    const taken = sources.filter(({ file }) => existsSync(join(root, file))).map(({ file }) => file);
    if (taken.length > 0) throw new Exit(EXIT.conflict, `Nothing was written: ${taken.join(', ')} is there already.`);
    mkdirSync(root, { recursive: true });
    const files = existsSync(join(root, TSCONFIG))
      ? sources
      : [...sources, { file: TSCONFIG, text: template(TSCONFIG) }];
    const start = `xqueue start --handlers handlers${ending}`;
    const manifest = { file: MANIFEST, text: manifestText(given ?? { name: basename(root), private: true }, start) };
    for (const { file, text } of [...files, manifest]) writeFileSync(join(root, file), text);
    io.out([...files, manifest].map(({ file }) => join(folder, file)).join('\n'));
    const enter = folder === '.' ? [] : [`cd ${folder}`];
    const install = given === null ? ['npm install'] : [];
    const run = (given?.scripts?.start ?? start) === start ? 'npm start' : `npx ${start}`;
    const steps = [...enter, ...install, run, `npx xqueue task submit greet '{"name":"world"}' --wait`];
    io.err(`\nNext:\n${steps.map((step) => `  ${step}`).join('\n')}`);
  });
}

function source(name: (typeof SOURCES)[number], ending: Ending): string {
  return template(`${name}.ts`).replaceAll(/\b(tasks|handlers|submit)\.ts\b/g, `$1${ending}`);
}

function template(file: string): string {
  return readFileSync(new URL(`./init/${file}.txt`, import.meta.url), 'utf8');
}

/** `null`: there is none. */
function manifestIn(root: string): Manifest | null {
  const path = join(root, MANIFEST);
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    throw new Exit(EXIT.conflict, `Nothing was written: ${path} is not valid JSON.`);
  }
}

/** What it says stays, except that it lacks something. */
function manifestText({ type = 'module', scripts, dependencies, ...rest }: Manifest, start: string): string {
  const merged = {
    ...rest,
    type,
    scripts: { start, ...scripts },
    dependencies: { xqueue: `^${VERSION}`, ...(dependencies as object | undefined) },
  };
  return `${JSON.stringify(merged, null, 2)}\n`;
}

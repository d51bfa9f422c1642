// `xqueue init [folder]`: a small typed project that runs. It never overwrites a file.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { VERSION } from '../version.ts';
import { addExamples } from './examples.ts';
import { EXIT, Exit } from './exit.ts';
import type { Io } from './io.ts';

const FILES = ['tasks.ts', 'handlers.ts', 'submit.ts'] as const;
/** So that editors and `tsc` see types; the project's own stays. */
const TSCONFIG = 'tsconfig.json';
const START = 'xqueue start --handlers handlers.ts';

export function addInit(program: Command, io: Io): void {
  const command = program
    .command('init')
    .description('Write a small typed project: tasks, handlers, a program that submits')
    .argument('[folder]', 'where; made if it is not there', '.');
  addExamples(command, 'xqueue init my-queue');
  command.action((folder: string) => {
    const root = resolve(folder);
    const taken = FILES.filter((file) => existsSync(join(root, file)));
    if (taken.length > 0) throw new Exit(EXIT.conflict, `Nothing was written: ${taken.join(', ')} is there already.`);
    mkdirSync(root, { recursive: true });
    const files = existsSync(join(root, TSCONFIG)) ? FILES : [...FILES, TSCONFIG];
    for (const file of files) writeFileSync(join(root, file), template(file));
    const manifest = join(root, 'package.json');
    const isNew = !existsSync(manifest);
    writeFileSync(manifest, manifestText(isNew ? null : readFileSync(manifest, 'utf8'), basename(root)));
    io.out([...files, 'package.json'].map((file) => join(folder, file)).join('\n'));
    const enter = folder === '.' ? [] : [`  cd ${folder}`];
    const install = isNew ? ['  npm install'] : [];
    const steps = [...enter, ...install, '  npm start', `  npx xqueue task submit greet '{"name":"world"}' --wait`];
    io.err(`\nNext:\n${steps.join('\n')}`);
  });
}

function template(file: string): string {
  return readFileSync(new URL(`./init/${file}.txt`, import.meta.url), 'utf8');
}

/** @param present the text of the one that is there: what it says stays, except that it lacks something */
function manifestText(present: string | null, name: string): string {
  const given = present === null ? { name, private: true } : (JSON.parse(present) as Record<string, object>);
  const { type = 'module', scripts, dependencies, ...rest } = given as Record<string, object | string | undefined>;
  const merged = {
    ...rest,
    type,
    scripts: { start: START, ...(scripts as object | undefined) },
    dependencies: { xqueue: `^${VERSION}`, ...(dependencies as object | undefined) },
  };
  return `${JSON.stringify(merged, null, 2)}\n`;
}

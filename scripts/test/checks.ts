// The checks that are not test files. Each counts as one test.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runGroup } from './process-group.ts';

export interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Packages of their own, which can be checked where somebody has installed them. */
const installed = (name: string): boolean => existsSync(join(import.meta.dirname, '..', '..', name, 'node_modules'));
const others: readonly Check[] = ['bench', 'console']
  .filter(installed)
  .map((name) => ({ name: `types of ${name} (tsc)`, command: 'tsc', args: ['--noEmit', '-p', name] }));
const linted = ['src', 'test', 'scripts', ...(installed('console') ? ['console/src'] : [])];

export const CHECKS: readonly Check[] = [
  { name: 'types (tsc)', command: 'tsc', args: ['--noEmit', '-p', '.'] },
  ...others,
  { name: 'lint (oxlint)', command: 'oxlint', args: linted },
  { name: 'format (biome)', command: 'biome', args: ['ci', '--colors=off', '.'] },
  { name: 'unused code (knip)', command: 'knip', args: ['--no-progress'] },
];

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly output: string;
  readonly ms: number;
}

export async function runCheck(check: Check, root: string): Promise<CheckResult> {
  const command = join(root, 'node_modules', '.bin', check.command);
  const run = await runGroup(command, check.args, { cwd: root, deadlineMs: 120_000 });
  return { name: check.name, ok: run.code === 0, output: run.output, ms: run.ms };
}

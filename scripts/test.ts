// `npm test`: installs what it needs, runs the checks and every test file, and sums up. The last line it prints is
// always `N passed, N failed`, with `, N skipped` behind it where something could not run.
//
//   npm test                      everything
//   npm test -- sqlite retry      only the test files with one of these words in their path
//   npm run test:fast             what needs no server and no second process
//   npm run check                 types, lint, format, unused code
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { CHECKS, runCheck } from './test/checks.ts';
import { type FileResult, runFile } from './test/file-run.ts';
import { plan } from './test/plan.ts';
import { killAllGroups } from './test/process-group.ts';
import { ensureServers, SERVER_PATH } from './test/servers.ts';
import { sideBySide } from './test/side-by-side.ts';

const root = join(import.meta.dirname, '..');
const { values: flags, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { fast: { type: 'boolean', default: false }, checks: { type: 'boolean', default: false } },
});
const DIFFERENTIAL_RUNS = 30;
/** Of what a failed file printed; the end is where it sums its failures up. */
const SHOWN_CHARS_MAX = 60_000;
const sum = { passed: 0, failed: 0, skipped: 0 };
const startedAt = performance.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killAllGroups();
    finish('interrupted');
    process.exit(130);
  });
}

if (!flags.fast && filters.length === 0) await runChecks();
if (!flags.checks) await runTests();
finish();

async function runChecks(): Promise<void> {
  await sideBySide(CHECKS, 2, async (check) => {
    const { name, ok, output, ms } = await runCheck(check, root);
    sum[ok ? 'passed' : 'failed'] += 1;
    say(`${ok ? 'ok  ' : 'FAIL'} ${name}  ${seconds(ms)}`);
    if (!ok) say(output);
  });
}

async function runTests(): Promise<void> {
  const stages = plan(root, flags.fast ? 'fast' : 'all', filters);
  if (stages.some(({ needs }) => needs === 'servers')) {
    const missing = await ensureServers(say);
    sum.skipped += missing.length;
    for (const line of missing) say(`skip ${line}`);
  }
  const scratch = mkdtempSync(join(tmpdir(), 'xqueue-test-'));
  const env = testEnvironment();
  const results: FileResult[] = [];
  for (const stage of stages) {
    say(`--- ${stage.name}: ${stage.files.length} files`);
    await sideBySide(stage.files, stage.together, async ({ file, deadlineMs }) => {
      const result = await runFile(file, { deadlineMs, env, scratch });
      results.push(result);
      report(result);
    });
  }
  rmSync(scratch, { recursive: true, force: true });
  if (results.length === 0) {
    sum.failed += 1;
    say('FAIL no test file was found');
  }
  const slowest = results.toSorted((a, b) => b.ms - a.ms).slice(0, 5);
  say('--- slowest files');
  for (const { file, ms } of slowest) say(`${seconds(ms).padStart(8)}  ${relative(root, file)}`);
}

/** In a full run the random tests take more turns, unless the caller says how many or replays one seed. */
function testEnvironment(): NodeJS.ProcessEnv {
  // An outer test run must not talk into this one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  if (!flags.fast && filters.length === 0 && env.TEST_DIFF_SEED === undefined) {
    env.TEST_DIFF_RUNS ??= String(DIFFERENTIAL_RUNS);
  }
  return { ...env, PATH: SERVER_PATH };
}

function report({ file, passed, failed, skipped, output, said, ms }: FileResult): void {
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += skipped.length;
  const counts = [`${passed} passed`];
  if (failed > 0) counts.push(`${failed} failed`);
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  say(`${failed > 0 ? 'FAIL' : 'ok  '} ${relative(root, file)}  ${counts.join(', ')}  ${seconds(ms)}`);
  for (const why of skipped) say(`     skipped ${why}`);
  if (failed > 0) say(shown(output));
  else for (const text of said) say(`     ${text}`);
}

/** Under CI a test that could not run is a failure: nothing passes by being skipped. */
function finish(note?: string): void {
  if (note !== undefined) {
    sum.failed += 1;
    say(`FAIL ${note}`);
  }
  const isCi = process.env.CI === 'true';
  if (isCi && sum.skipped > 0) say(`FAIL ${sum.skipped} skipped, and CI=true allows none`);
  const failed = sum.failed + (isCi ? sum.skipped : 0);
  const skipped = isCi ? 0 : sum.skipped;
  process.exitCode = failed > 0 ? 1 : 0;
  say(`--- ${seconds(performance.now() - startedAt)}`);
  say(`${sum.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
}

function shown(output: string): string {
  const hidden = output.length - SHOWN_CHARS_MAX;
  return hidden <= 0 ? output : `(${hidden} characters before this are left out)\n${output.slice(hidden)}`;
}

// Runs one test file in a process of its own and says what came of it. A file that leaves processes behind, runs past
// its deadline or contains no test is a failure, whatever its tests say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Happened } from './events-reporter.ts';
import { runGroup } from './process-group.ts';

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  /** Everything the file printed, and what is wrong with it beyond its tests; shown when something failed. */
  readonly output: string;
  /** What its tests said about themselves (`t.diagnostic`). */
  readonly said: readonly string[];
  readonly ms: number;
}

const REPORTER = join(import.meta.dirname, 'events-reporter.ts');

export interface FileRunOptions {
  readonly deadlineMs: number;
  readonly env: NodeJS.ProcessEnv;
  /** An empty folder for the event log. */
  readonly scratch: string;
}

export async function runFile(file: string, options: FileRunOptions): Promise<FileResult> {
  const log = join(options.scratch, `${file.replaceAll(/[^a-z0-9]+/gi, '-')}.ndjson`);
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  reporters.push(`--test-reporter=${REPORTER}`, `--test-reporter-destination=${log}`);
  const run = await runGroup(process.execPath, [...reporters, file], options);
  const events = readEvents(log);
  const passed = events.filter(({ kind }) => kind === 'passed').length;
  const skipped = events.flatMap((event) => (event.kind === 'skipped' ? [`${event.name}: ${event.why}`] : []));
  let failed = events.filter(({ kind }) => kind === 'failed').length;
  const faults: string[] = [];
  if (run.timedOut) {
    faults.push(`killed after its deadline of ${options.deadlineMs / 1000} s; not ended: ${unfinished(events)}`);
  } else if (run.code !== 0 && failed === 0) {
    faults.push(`ended with exit code ${run.code} although no test failed`);
  }
  if (run.leftOver.length > 0) faults.push(`left processes running: ${run.leftOver.join(', ')}`);
  if (faults.length === 0 && passed + failed + skipped.length === 0) faults.push('contains no test');
  failed += faults.length;
  const output = [run.output, ...faults.map((fault) => `${file} ${fault}`)].join('\n');
  const said = events.flatMap((event) => (event.kind === 'said' ? [event.text] : []));
  return { file, passed, failed, skipped, output, said, ms: run.ms };
}

function readEvents(log: string): Happened[] {
  let text = '';
  try {
    text = readFileSync(log, 'utf8');
  } catch {
    return []; // The file ended before its first event.
  }
  const lines = text.split('\n').slice(0, -1); // What follows the last line feed was cut off by a kill.
  return lines.map((line) => JSON.parse(line) as Happened);
}

function unfinished(events: readonly Happened[]): string {
  // Code that never lets go of the event loop keeps the reporter from writing anything.
  if (events.length === 0) return 'not known, nothing was reported yet';
  const open: string[] = [];
  for (const event of events) {
    if (event.kind === 'began') open.push(event.name);
    else if (event.kind !== 'said' && open.includes(event.name)) open.splice(open.indexOf(event.name), 1);
  }
  return open.length === 0 ? 'the file itself (something keeps the process alive)' : open.join(', ');
}

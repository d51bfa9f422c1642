// Child processes in a process group of their own, so that whatever a test started can be found and ended with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const started = new Set<ChildProcess>();
const OUTPUT_CHARS_MAX = 2_000_000;

export interface Finished {
  readonly code: number | null;
  /** The deadline passed and the whole group was killed. */
  readonly timedOut: boolean;
  /** Names of processes of the group that were still alive when its first process had ended; they were killed. */
  readonly leftOver: readonly string[];
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
  readonly ms: number;
}

export interface RunOptions {
  readonly deadlineMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a command to its end, or to its deadline. Never rejects: a command that cannot be started is a failed one. */
export async function runGroup(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const startedAt = performance.now();
  const child = spawn(command, args, {
    cwd: options.cwd ?? process.cwd(),
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  started.add(child);
  let output = '';
  const collect = (chunk: string): void => {
    if (output.length < OUTPUT_CHARS_MAX) output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  let timedOut = false;
  const deadline = setTimeout(() => {
    timedOut = true;
    killGroup(child);
  }, options.deadlineMs);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      resolve(null);
    });
    // `exit`, not `close`: a left-over grandchild that holds the pipe open must not hold up the run.
    child.once('exit', resolve);
  });
  clearTimeout(deadline);
  const leftOver = timedOut ? [] : await survivors(child);
  killGroup(child);
  await drained(child);
  started.delete(child);
  return { code, timedOut, leftOver, output, ms: performance.now() - startedAt };
}

/** Ends everything that still runs; for an interrupted run. */
export function killAllGroups(): void {
  for (const child of started) killGroup(child);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is already gone, which is what was wanted.
  }
}

/** A process that is on its way out gets two seconds before it counts as left over. */
async function survivors(child: ChildProcess): Promise<string[]> {
  let names: string[] = [];
  for (let waited = 0; waited < 2000; waited += 50) {
    names = liveMembers(child.pid);
    if (names.length === 0) return names;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return names;
}

/** Zombies do not count: in a container nobody may be there to reap them. Empty where there is no /proc. */
function liveMembers(group: number | undefined): string[] {
  if (group === undefined || process.platform !== 'linux') return [];
  const names: string[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(entry);
    if (stat !== null && stat.group === group && stat.state !== 'Z') names.push(`${stat.name} (${entry})`);
  }
  return names;
}

function statOf(pid: string): { name: string; state: string; group: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const nameEnd = text.lastIndexOf(')');
    const [state = '', , group = ''] = text.slice(nameEnd + 2).split(' ');
    return { name: text.slice(text.indexOf('(') + 1, nameEnd), state, group: Number(group) };
  } catch {
    return null; // It ended while the list was read.
  }
}

async function drained(child: ChildProcess): Promise<void> {
  const open = [child.stdout, child.stderr].filter((stream) => stream !== null && !stream.closed);
  await Promise.race([
    Promise.all(open.map((stream) => new Promise((resolve) => stream?.once('close', resolve)))),
    new Promise((resolve) => setTimeout(resolve, 1000).unref()),
  ]);
}

// A measured program as the runner sees it: started, made ready, measured, ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { MARK, type ProgramLine } from './line-protocol.ts';
import { cpuBetween, type Usage, usageOf } from './usage.ts';

const living = new Set<ChildProcess>();
const STDERR_CHARS_MAX = 20_000;

/** No measured process outlives the runner, however it ends. */
process.on('exit', () => {
  for (const child of living) killGroup(child);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A TypeScript program of this folder, run by the Node that runs the runner. */
export function nodeProgram(file: URL, input: unknown, nodeFlags: readonly string[] = []): Command {
  return { command: process.execPath, args: [...nodeFlags, file.pathname, JSON.stringify(input)] };
}

export interface Measured<Result> {
  readonly result: Result;
  readonly cpuSeconds: number;
  /** Of the whole life of the process, warm-up included. */
  readonly peakMb: number;
}

export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #lines: ProgramLine[] = [];
  #stderr = '';
  #exited: string | null = null;
  #wake: () => void = () => undefined;

  constructor({ command, args, env, cwd }: Command) {
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      detached: true,
    });
    living.add(this.#process);
    this.pid = this.#process.pid ?? -1;
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    this.#process.stdin?.on('error', () => undefined); // It ended before it read all; its exit says why.
    const gone = (why: string): void => {
      this.#exited = why;
      living.delete(this.#process);
      this.#wake();
    };
    this.#process.on('error', (error) => gone(error.message));
    this.#process.on('close', (code, signal) => gone(`ended with ${signal ?? code}`));
    if (this.#process.stdout) createInterface({ input: this.#process.stdout }).on('line', (line) => this.#read(line));
  }

  /** What the program says when it is warm. */
  async ready<Value>(timeoutMs = 300_000): Promise<Value> {
    return (await this.#next('ready', timeoutMs)) as Value;
  }

  /** Lets the warm program measure. `ready` comes first. */
  async measure<Result>(timeoutMs = 600_000): Promise<Measured<Result>> {
    const before = this.usage();
    this.#process.stdin?.write('go\n');
    const result = (await this.#next('done', timeoutMs)) as Result;
    const after = this.usage();
    return { result, cpuSeconds: cpuBetween(before, after), peakMb: after.peakMb };
  }

  usage(): Usage {
    return usageOf(this.pid);
  }

  /** Ends its input, waits, and kills what does not end. */
  async end(graceMs = 15_000): Promise<void> {
    this.#process.stdin?.end();
    if (!(await this.#until(() => this.#exited !== null, graceMs))) killGroup(this.#process);
    await this.#until(() => this.#exited !== null, 5000);
  }

  /** How it ended, or `null` while it lives. */
  get ended(): string | null {
    return this.#exited;
  }

  /** The end of what it wrote to standard error. */
  get complaints(): string {
    return this.#stderr;
  }

  /** Asks it to end as an operator would, waits, and kills what does not end. */
  async terminate(graceMs = 15_000): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.end(graceMs);
  }

  /** At once, for servers whose data nobody wants. */
  async kill(): Promise<void> {
    killGroup(this.#process);
    await this.#until(() => this.#exited !== null, 5000);
  }

  #read(line: string): void {
    if (!line.startsWith(MARK)) return;
    this.#lines.push(JSON.parse(line.slice(MARK.length)) as ProgramLine);
    this.#wake();
  }

  async #next(is: ProgramLine['is'], timeoutMs: number): Promise<unknown> {
    const came = await this.#until(() => this.#lines.length > 0 || this.#exited !== null, timeoutMs);
    const line = this.#lines.shift();
    if (line?.is === is) return line.value;
    const args = this.#process.spawnargs.slice(0, -1).join(' ');
    throw new Error(`${args}: no "${is}" (${came ? this.#exited : `silent for ${timeoutMs} ms`})\n${this.#stderr}`);
  }

  async #until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }
}

/** Starts, waits until it is warm, measures, ends. */
export async function measureOnce<Result>(command: Command): Promise<Measured<Result>> {
  const child = new Child(command);
  try {
    await child.ready();
    return await child.measure<Result>();
  } finally {
    await child.end();
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone, which is what was wanted.
  }
}

// `--watch`: runs the node as a process of its own and starts it anew when a file beside its handlers changes. The old
// one drains as on every stop, so no task is lost to a reload.
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { clockOf, type Io } from './io.ts';

const SOURCE = new Set(['.ts', '.mts', '.js', '.mjs', '.json']);
/** An editor writes a file in several steps. */
const CALM_MS = 150;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * @param args of the command, as they came, with `--watch`
 * @param files the handlers
 * @returns the exit code, after the child was stopped from outside
 */
export async function runWatched(args: readonly string[], files: readonly string[], io: Io): Promise<number> {
  const clock = clockOf(io);
  const own = args.filter((arg) => arg !== '--watch');
  let isStopping = false;
  let wanted = Promise.withResolvers<void>();
  let calm: { cancel(): void } | null = null;
  const changed = (name: string | null): void => {
    if (name === null || !SOURCE.has(extname(name)) || /(^|[\\/])(node_modules|\.)/.test(name)) return;
    calm?.cancel();
    calm = clock.after(CALM_MS, () => {
      io.err(`${name} has changed: starting anew`);
      wanted.resolve();
    });
  };
  const folders = [...new Set(files.map((file) => dirname(resolve(file))))];
  const watchers = folders.map((folder) => watch(folder, { recursive: true }, (_event, name) => changed(name)));
  try {
    for (;;) {
      wanted = Promise.withResolvers();
      const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...own], { stdio: 'inherit' });
      const ended = new Promise<number>((done) => child.once('close', (code) => done(code ?? 1)));
      const pass = (signal: NodeJS.Signals): void => {
        isStopping = true;
        child.kill(signal);
        wanted.resolve();
      };
      for (const signal of SIGNALS) process.on(signal, pass);
      const first = await Promise.race([ended, wanted.promise]);
      if (typeof first === 'number' && !isStopping) {
        // It could not start, or ended by itself: the next change is the next chance.
        io.err(`The node has ended with exit code ${first}; waiting for a change`);
        await wanted.promise;
      } else child.kill('SIGTERM');
      const code = await ended;
      for (const signal of SIGNALS) process.off(signal, pass);
      if (isStopping) return code;
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

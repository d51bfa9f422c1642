// Runs one command and turns however it ends into an exit code and, if it went wrong, one message.
import { CommanderError } from 'commander';
import { ConfigError } from '../config/problem.ts';
import { StartError } from '../config/start-error.ts';
import { EXIT, Exit } from './exit.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';
import { exitOf } from './server-call.ts';

/** @param args without the program's own name */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    await buildProgram(io).parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message; help and version end this way too.
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    const { code, message } = explain(error);
    if (message !== '') io.err(message);
    return code;
  }
}

function explain(error: unknown): { readonly code: number; readonly message: string } {
  const exit = error instanceof Exit ? error : exitOf(error);
  if (exit !== null) return { code: exit.code, message: exit.message };
  if (error instanceof ConfigError) return { code: EXIT.usage, message: error.message };
  if (error instanceof StartError) return { code: EXIT.unreachable, message: error.message };
  // Anything else is a fault of ours: the stack is what a report needs.
  return { code: EXIT.failure, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

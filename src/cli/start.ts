// `xqueue start`, `xqueue server` and `xqueue worker`: one node in one of its three roles.
import type { Command } from 'commander';
import { addExamples } from './examples.ts';
import { Exit, type ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { addSettingFlags, configOf } from './setting-flags.ts';

const COMMANDS = {
  start: {
    role: null,
    description: 'Run everything in one process: HTTP, live push, handlers',
    example: 'xqueue start --port 8081 --mqtt-listen "" --embedded-path ./second.db',
  },
  server: {
    role: 'api',
    description: 'Run a node that serves HTTP and runs no tasks',
    example: 'xqueue server --port 8082 --mqtt-listen "" --embedded-path ./third.db',
  },
  worker: {
    role: 'worker',
    description: 'Run a node that runs tasks and serves no HTTP',
    example: 'xqueue worker --mqtt-listen "" --embedded-path ./fourth.db',
  },
} as const;

export function addStart(program: Command, name: keyof typeof COMMANDS, io: Io): void {
  const { role, description, example } = COMMANDS[name];
  const command = program.command(name).description(description);
  if (role !== 'api') command.option('--watch', 'start anew when a file beside the handlers changes');
  addExamples(command, example);
  addSettingFlags(command).action(async () => {
    const resolved = configOf(command, io, role === null ? {} : { 'node.role': role });
    if (command.opts<{ watch?: true }>().watch) {
      const { runWatched } = await import('./run-watched.ts');
      throw new Exit((await runWatched(process.argv.slice(2), resolved.config.handlers, io)) as ExitCode);
    }
    // Only these commands need the whole product; `xqueue task get` should not wait for it to load.
    const { runNode } = await import('./run-node.ts');
    await runNode(resolved, io);
  });
}

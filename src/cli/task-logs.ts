// `xqueue task logs <id>`: what the handler said, over all attempts; with --follow until the task ends.
import type { Command } from 'commander';
import { pause } from '../client/pause.ts';
import type { LogLineView, XQueueClient } from '../client.ts';
import { isFinal } from '../domain/task.ts';
import { addExamples } from './examples.ts';
import { clockOf, type Io } from './io.ts';
import { addOutputOption, type Output, outputOf } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { printable } from './table.ts';

const FOLLOW_MS = 500;

export function addTaskLogs(parent: Command, io: Io): void {
  const command = parent
    .command('logs')
    .description('Show what the handler of a task said; the last 200 lines or 64 KiB are kept')
    .argument('<id>', 'id of the task')
    .option('-f, --follow', 'go on until the task ends');
  addExamples(command, 'xqueue task logs --follow $(xqueue task submit example -q)');
  addServerOption(addOutputOption(command)).action(async (id: string) => {
    const { client } = serverOf(command, io);
    const output = outputOf(command);
    let after = 0;
    const show = async (): Promise<void> => {
      const lines = await client.logs(id, { after });
      after = lines.at(-1)?.line ?? after;
      print(io, output, lines);
    };
    const { follow } = command.opts<{ follow?: true }>();
    if (follow) {
      while (!(await hasEnded(client, id))) {
        if (output !== 'json') await show();
        await pause(clockOf(io), FOLLOW_MS);
      }
    }
    // What was said last is stored before the end is: a read after it misses nothing.
    await show();
  });
}

async function hasEnded(client: XQueueClient, id: string): Promise<boolean> {
  return isFinal(await client.handle(id).status());
}

function print(io: Io, output: Output, lines: readonly LogLineView[]): void {
  switch (output) {
    case 'json':
      return io.out(JSON.stringify(lines));
    case 'jsonl':
      return lines.forEach((line) => io.out(JSON.stringify(line)));
    case 'table':
      return lines.forEach((line) => io.out(text(line)));
  }
}

function text({ at, attempt, level, message, fields }: LogLineView): string {
  const parts = [at.toISOString(), `#${attempt}`, level.toUpperCase().padEnd(5), message];
  if (fields !== null) parts.push(JSON.stringify(fields));
  return printable(parts.join('  '));
}

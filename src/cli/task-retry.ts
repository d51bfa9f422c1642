// `xqueue task retry <id>`: puts a failed, canceled or timed out task back to pending.
import type { Command } from 'commander';
import { addExamples } from './examples.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf, printOne } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { taskLines } from './task-output.ts';

export function addTaskRetry(parent: Command, io: Io): void {
  const command = parent
    .command('retry')
    .description('Try a failed, canceled or timed out task again')
    .argument('<id>', 'id of the task');
  addExamples(
    command,
    'id=$(xqueue task submit example --delay 1h -q); xqueue task cancel $id -o json > /dev/null; xqueue task retry $id',
  );
  addServerOption(addOutputOption(command)).action(async (id: string) => {
    const { text } = await serverOf(command, io).call('POST', `/tasks/${encodeURIComponent(id)}/retry`);
    io.out(printOne(outputOf(command), text, () => taskLines(text)));
  });
}

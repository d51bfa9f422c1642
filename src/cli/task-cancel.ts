// `xqueue task cancel <id>`: ends a task that waits, asks one that runs to stop.
import type { Command } from 'commander';
import { addExamples } from './examples.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf, printOne } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { taskLines } from './task-output.ts';

export function addTaskCancel(parent: Command, io: Io): void {
  const command = parent
    .command('cancel')
    .description('Cancel a task: at once while it waits, by asking its handler while it runs')
    .argument('<id>', 'id of the task')
    .option('-r, --reason <text>', 'why; it ends up in the error of the task');
  addExamples(
    command,
    'xqueue task cancel $(xqueue task submit example --delay 1h -q)',
    'xqueue task cancel $(xqueue task submit example --delay 1h -q) --reason "no longer wanted"',
  );
  addServerOption(addOutputOption(command)).action(async (id: string) => {
    const { reason } = command.opts<{ reason?: string }>();
    const body = reason === undefined ? undefined : JSON.stringify({ reason });
    const { status, text } = await serverOf(command, io).call('DELETE', `/tasks/${encodeURIComponent(id)}`, body);
    io.out(printOne(outputOf(command), text, () => taskLines(text)));
    if (status === 202) io.err('\nIt runs; its handler was asked to stop.');
  });
}

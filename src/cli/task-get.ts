// `xqueue task get <id>`: one task with its attempts.
import type { Command } from 'commander';
import { addExamples } from './examples.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf, printOne } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { endAs, taskLines, type WireTask } from './task-output.ts';
import { waitForFinal } from './task-wait.ts';

export function addTaskGet(parent: Command, io: Io): void {
  const command = parent
    .command('get')
    .description('Show one task')
    .argument('<id>', 'id of the task')
    .option('-w, --wait', 'wait for its end, drawing its progress; the exit code says how it ended');
  addExamples(command, 'xqueue task get --wait $(xqueue task submit example -q)');
  addServerOption(addOutputOption(command)).action(async (id: string) => {
    const server = serverOf(command, io);
    const { wait } = command.opts<{ wait?: true }>();
    if (wait) await waitForFinal(server, id, io);
    const { text } = await server.call('GET', `/tasks/${encodeURIComponent(id)}`);
    io.out(printOne(outputOf(command), text, () => taskLines(text)));
    if (wait) endAs(JSON.parse(text) as WireTask);
  });
}

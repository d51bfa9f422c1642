// `xqueue task list`: tasks that match, newest first.
import { type Command, Option } from 'commander';
import { STATUSES } from '../domain/task.ts';
import { elementsOf, membersOf } from '../protocol/json-slices.ts';
import { addExamples } from './examples.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { taskTable, type WireTask } from './task-output.ts';

interface Page {
  readonly tasks: readonly WireTask[];
  readonly count: number;
  readonly total: number;
}

/** Options and what the query calls them. */
const FILTERS = {
  status: 'status',
  type: 'type',
  tag: 'tag',
  concurrencyKey: 'concurrency_key',
  parent: 'parent_id',
  limit: 'limit',
  offset: 'offset',
  order: 'order',
} as const;

export function addTaskList(parent: Command, io: Io): void {
  const command = parent
    .command('list')
    .description('List tasks')
    .addOption(new Option('-s, --status <status>', 'only these').choices(STATUSES))
    .option('-t, --type <type>', 'only of this type')
    .option('--tag <tag>', 'only with this tag')
    .option('--concurrency-key <key>', 'only with this key')
    .option('--parent <id>', 'only what the handler of this task submitted')
    .option('-n, --limit <n>', 'at most this many (1 to 1000)', '10')
    .option('--offset <n>', 'leave out the first', '0')
    .addOption(new Option('--order <order>', 'by creation').choices(['desc', 'asc']).default('desc'));
  addExamples(
    command,
    'xqueue task list --type example --status success -n 3',
    'xqueue task list --limit 1000 -o jsonl',
  );
  addServerOption(addOutputOption(command)).action(async () => {
    const options = command.opts<Record<string, string | undefined>>();
    const query = new URLSearchParams();
    for (const [option, name] of Object.entries(FILTERS)) {
      const value = options[option];
      if (value !== undefined) query.set(name, value);
    }
    const { text } = await serverOf(command, io).call('GET', `/tasks?${query.toString()}`);
    switch (outputOf(command)) {
      case 'json':
        return io.out(text);
      case 'jsonl':
        return linesOf(text).forEach((line) => io.out(line));
      case 'table':
    }
    const page = JSON.parse(text) as Page;
    io.out(taskTable(page.tasks));
    if (page.count < page.total) io.err(`\n${page.count} of ${page.total}`);
  });
}

/** Each task of a page as the server wrote it. */
function linesOf(page: string): string[] {
  const tasks = membersOf(page).find(({ name }) => name === 'tasks');
  return tasks === undefined ? [] : elementsOf(page, tasks.start).map(({ start, end }) => page.slice(start, end));
}

// `xqueue stats`: how many tasks are where, per type; with --watch again and again.
import type { Command } from 'commander';
import { pause } from '../client/pause.ts';
import { parseDuration } from '../domain/duration.ts';
import { STATUSES } from '../domain/task.ts';
import { addExamples } from './examples.ts';
import { EXIT, Exit } from './exit.ts';
import { clockOf, type Io } from './io.ts';
import { addOutputOption, outputOf, printOne } from './output-option.ts';
import { draw } from './screen.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { table } from './table.ts';

type Counts = Readonly<Record<string, number>>;
interface Stats {
  readonly tasks: Counts;
  readonly types: Readonly<Record<string, Counts>>;
}

interface Options {
  readonly watch?: true;
  readonly interval: string;
  readonly times?: string;
}

export function addStats(parent: Command, io: Io): void {
  const command = parent
    .command('stats')
    .description('Show how many tasks are in which status, per type')
    .option('-w, --watch', 'again and again, until Ctrl-C')
    .option('--interval <duration>', 'with --watch: how often', '2s')
    .option('--times <n>', 'with --watch: end after so many');
  addExamples(command, 'xqueue stats', 'xqueue stats --watch --interval 100ms --times 3 -o jsonl');
  addServerOption(addOutputOption(command)).action(async () => {
    const options = command.opts<Options>();
    const server = serverOf(command, io);
    const show = async () => {
      const { text } = await server.call('GET', '/stats');
      return printOne(outputOf(command), text, () => statsTable(JSON.parse(text) as Stats));
    };
    if (!options.watch) return io.out(await show());
    await repeat(io, options, async () => draw(io, await show()));
  });
}

/** Runs `show` until Ctrl-C or `--times` is over. */
export async function repeat(
  io: Io,
  { interval, times }: Pick<Options, 'interval' | 'times'>,
  show: () => Promise<void>,
): Promise<void> {
  const intervalMs = parseDuration(interval);
  if (intervalMs === null || intervalMs < 1) {
    throw new Exit(EXIT.usage, `--interval expects a duration such as 2s, got "${interval}".`);
  }
  if (times !== undefined && !/^[1-9]\d*$/.test(times)) {
    throw new Exit(EXIT.usage, `--times expects a whole number from 1, got "${times}".`);
  }
  const last = times === undefined ? Number.POSITIVE_INFINITY : Number(times);
  for (let time = 1; ; time++) {
    await show();
    if (time >= last) return;
    await pause(clockOf(io), intervalMs);
  }
}

function statsTable({ tasks, types }: Stats): string {
  const counts = (of: Counts) => STATUSES.map((status) => String(of[status] ?? 0));
  const rows = Object.entries(types).map(([type, of]) => [
    type,
    ...counts(of),
    `${(of['oldest_pending_seconds'] ?? 0).toFixed(1)}s`,
    String(of['demand'] ?? 0),
  ]);
  return table(
    ['TYPE', ...STATUSES.map((status) => status.toUpperCase()), 'OLDEST', 'DEMAND'],
    [...rows, ['(all)', ...counts(tasks), '', '']],
  );
}

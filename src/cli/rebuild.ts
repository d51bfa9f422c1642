// `xqueue rebuild`: brings the tasks of an empty or set-back Redis back from the topics in Kafka.
import type { Command } from 'commander';
import type { RebuildProgress, RebuildReport } from '../engine/log/rebuild.ts';
import { SILENT } from '../ports/logger.ts';
import { addExamples } from './examples.ts';
import { EXIT, Exit } from './exit.ts';
import { clockOf, type Io } from './io.ts';
import { addOutputOption, outputOf, printOne } from './output-option.ts';
import { addSettingFlags, configOf } from './setting-flags.ts';
import { table } from './table.ts';

interface Options {
  readonly dryRun?: true;
  readonly whileNodesRun?: true;
}

export function addRebuild(parent: Command, io: Io): void {
  const command = parent
    .command('rebuild')
    .description('Bring the tasks of an emptied or rolled-back Redis back from Kafka')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--while-nodes-run', 'do it although nodes are running');
  addExamples(
    addSettingFlags(command),
    'xqueue rebuild --redis-addr localhost:6379 --kafka-brokers localhost:9092 --dry-run',
    'xqueue rebuild -c xqueue.yaml',
  );
  addOutputOption(command).action(async () => {
    const { dryRun, whileNodesRun } = command.opts<Options>();
    const { config } = configOf(command, io);
    // Loads the product; help and a configuration that is wrong should not wait for that.
    const { runRebuild } = await import('../compose/rebuild.ts');
    const bar = new ProgressBar(io);
    const rebuilt = await runRebuild(config, SILENT, {
      mode: dryRun ? 'report' : 'apply',
      nodes: whileNodesRun ? 'any' : 'none',
      onProgress: (progress) => bar.show(progress),
    });
    bar.clear();
    if (rebuilt.state === 'nodes_running') throw new Exit(EXIT.conflict, nodesRunning(rebuilt.nodes));
    const seconds = bar.elapsedMs / 1000;
    const { report } = rebuilt;
    io.out(printOne(outputOf(command), JSON.stringify({ ...report, seconds }), () => lines(report)));
    io.err(summary(report, seconds, dryRun ? 'dry run' : 'done'));
  });
}

const MEANINGS: Readonly<Record<keyof RebuildReport, string>> = {
  accepted: 'tasks in the log',
  final: 'of them ended',
  pending: 'of them wait or run',
  forgotten: 'of them ended longer ago than they are kept',
  duplicates: 'records of tasks that another record names as well',
  unreadable: 'records that are no valid task',
  restored: 'tasks that were not in Redis',
  corrected: 'tasks that Redis knew only as they were earlier',
  there: 'tasks that Redis had',
  changes: 'changes of tasks in the log',
};

function lines(report: RebuildReport): string {
  const rows = Object.entries(MEANINGS) as [keyof RebuildReport, string][];
  return table(
    ['', 'NUMBER', ''],
    rows.map(([name, meaning]) => [name, String(report[name]), meaning]),
  );
}

function summary({ accepted, restored, corrected }: RebuildReport, seconds: number, how: 'done' | 'dry run'): string {
  const rate = Math.round(accepted / Math.max(seconds, 0.001));
  const time = `${seconds.toFixed(1)} s, ${rate} tasks/s`;
  const changed = restored + corrected;
  if (how === 'dry run') return `Dry run: nothing was changed; ${changed} tasks would come back (${time}).`;
  return `${changed} tasks are back (${time}). Nodes go on behind what was read.`;
}

function nodesRunning(nodes: readonly string[]): string {
  const names = nodes.slice(0, 3).join(', ') + (nodes.length > 3 ? ` and ${nodes.length - 3} more` : '');
  return `Nodes are running (${names}). Stop them first, or say --while-nodes-run.`;
}

const BAR_CELLS = 24;
const EVERY_MS = 100;

/** In place on a terminal, nothing elsewhere. */
class ProgressBar {
  readonly #io: Io;
  #shownAt = Number.NEGATIVE_INFINITY;
  #beganAt: number | null = null;
  #startedAt = 0;
  #reading = '';

  constructor(io: Io) {
    this.#io = io;
  }

  /** Since it was first shown. */
  get elapsedMs(): number {
    return this.#beganAt === null ? 0 : clockOf(this.#io).monotonic() - this.#beganAt;
  }

  show({ reading, done, total }: RebuildProgress): void {
    const now = clockOf(this.#io).monotonic();
    this.#beganAt ??= now;
    if (reading !== this.#reading) {
      this.#reading = reading;
      this.#startedAt = now;
    } else if (now - this.#shownAt < EVERY_MS && done < total) return;
    this.#shownAt = now;
    const share = total === 0 ? 1 : done / total;
    const cells = '#'.repeat(Math.round(share * BAR_CELLS)).padEnd(BAR_CELLS, '.');
    const rate = Math.round(done / Math.max((now - this.#startedAt) / 1000, 0.001));
    const what = reading === 'events' ? 'changes' : 'tasks';
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.#io.terminal?.status(`reading ${what.padEnd(7)} [${cells}] ${percent} %  ${done} of ${total}  ${rate}/s`);
  }

  clear(): void {
    this.#io.terminal?.status('');
  }
}

// `xqueue top`: what the queue does right now, on one screen: types and their rates, nodes, keys without room.
import type { Command } from 'commander';
import type { XQueueClient } from '../client.ts';
import { addExamples } from './examples.ts';
import { clockOf, type Io } from './io.ts';
import { draw } from './screen.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { repeat } from './stats.ts';
import { table } from './table.ts';

type Stats = Awaited<ReturnType<XQueueClient['stats']>>;
type Nodes = Awaited<ReturnType<XQueueClient['nodes']>>['nodes'];
type Keys = Awaited<ReturnType<XQueueClient['concurrency']>>['keys'];

/** What the server said at one instant. */
export interface Look {
  readonly atMs: number;
  readonly stats: Stats;
  readonly nodes: Nodes;
  readonly keys: Keys;
}

const ENDED = ['success', 'failed', 'canceled', 'timeout'] as const;
const ROWS_MAX = 12;

export function addTop(parent: Command, io: Io): void {
  const command = parent
    .command('top')
    .description('Show live what the queue does: types and rates, nodes, full keys; Ctrl-C ends it')
    .option('--interval <duration>', 'how often', '1s')
    .option('--times <n>', 'end after so many');
  addExamples(command, 'xqueue top --interval 200ms --times 2');
  addServerOption(command).action(async () => {
    const { client } = serverOf(command, io);
    let before: Look | null = null;
    await repeat(io, command.opts<{ interval: string; times?: string }>(), async () => {
      const [stats, { nodes }, { keys }] = await Promise.all([client.stats(), client.nodes(), client.concurrency()]);
      const look = { atMs: clockOf(io).monotonic(), stats, nodes, keys };
      draw(io, screen(look, before));
      before = look;
    });
  });
}

/** @param before the look before this one, for the rates */
export function screen(look: Look, before: Look | null): string {
  const { stats, nodes, keys } = look;
  const live = nodes.filter((node) => node.live);
  const full = keys.filter((key) => key.waiting > 0 && key.running >= key.limit);
  const { tasks } = stats;
  const parts = [
    `${tasks.pending} pending, ${tasks.processing} running of ${stats.nodes.slots} slots; ` +
      `live nodes: ${live.length}, full keys: ${full.length}`,
    types(look, before),
    table(
      ['NODE', 'RUNNING', 'SLOTS', 'STATE', 'TYPES'],
      cut(live, (node) => [
        node.id,
        String(node.running),
        String(node.slots),
        node.draining ? 'draining' : 'live',
        node.types.join(', ').slice(0, 40),
      ]),
    ),
  ];
  if (full.length > 0) {
    const byWaiting = full.sort((a, b) => b.waiting - a.waiting);
    const rows = cut(byWaiting, ({ key, running, limit, waiting }) => [key, `${running}/${limit}`, String(waiting)]);
    parts.push(table(['FULL KEY', 'RUNNING', 'WAITING'], rows));
  }
  return parts.join('\n\n');
}

function types(look: Look, before: Look | null): string {
  const seconds = before === null ? 0 : (look.atMs - before.atMs) / 1000;
  const busiest = Object.entries(look.stats.types).sort(([, a], [, b]) => b.demand - a.demand);
  const rows = cut(busiest, ([type, of]) => {
    const earlier = before?.stats.types[type];
    const ended = ENDED.reduce((sum, status) => sum + of[status] - (earlier?.[status] ?? 0), 0);
    // Tasks that are purged meanwhile make the difference smaller, never the rate negative.
    const rate = seconds > 0 && earlier !== undefined ? Math.max(0, ended / seconds).toFixed(1) : '-';
    const { pending, processing, failed, oldest_pending_seconds: oldest } = of;
    return [type, String(pending), String(processing), rate, String(failed), `${oldest.toFixed(1)}s`];
  });
  return table(['TYPE', 'PENDING', 'RUNNING', 'ENDED/S', 'FAILED', 'OLDEST'], rows);
}

function cut<T>(items: readonly T[], row: (item: T) => string[]): string[][] {
  const rows = items.slice(0, ROWS_MAX).map(row);
  if (items.length > ROWS_MAX) rows.push([`... ${items.length - ROWS_MAX} more`]);
  return rows;
}

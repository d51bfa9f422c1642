// `xqueue concurrency list|set|unset`: who holds which key, and the operator's limits.
import type { Command } from 'commander';
import { addExamples } from './examples.ts';
import { EXIT, Exit } from './exit.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf } from './output-option.ts';
import { addServerOption, serverOf } from './server-call.ts';
import { table } from './table.ts';

interface Keys {
  readonly keys: readonly {
    readonly key: string;
    readonly limit: number;
    readonly limit_source: string;
    readonly running: number;
    readonly waiting: number;
  }[];
}

export function addConcurrency(program: Command, io: Io): void {
  const parent = program.command('concurrency').description('Concurrency keys and their limits');

  const list = parent.command('list').description('List the keys in use or limited by an operator');
  addExamples(list, 'xqueue concurrency list');
  addServerOption(addOutputOption(list)).action(async () => {
    const { text } = await serverOf(list, io).call('GET', '/concurrency');
    const { keys } = JSON.parse(text) as Keys;
    const rows = keys.map((one) => [
      one.key,
      String(one.limit),
      one.limit_source,
      String(one.running),
      String(one.waiting),
    ]);
    switch (outputOf(list)) {
      case 'json':
        return io.out(text);
      case 'jsonl':
        return keys.forEach((key) => io.out(JSON.stringify(key)));
      case 'table':
        io.out(table(['KEY', 'LIMIT', 'SET BY', 'RUNNING', 'WAITING'], rows));
    }
  });

  const set = parent
    .command('set')
    .description('Set the limit of a key from now on; running tasks go on')
    .argument('<key>', 'the key; type:<type> limits a type')
    .argument('<max>', 'at most this many at once; 0 pauses the key');
  addExamples(set, 'xqueue concurrency set user_123 3', 'xqueue concurrency set type:nightly_report 0');
  addServerOption(set).action(async (key: string, max: string) => {
    if (!/^\d+$/.test(max)) throw new Exit(EXIT.usage, `The limit must be a whole number, got "${max}".`);
    await serverOf(set, io).call('PUT', path(key), JSON.stringify({ max_concurrency: Number(max) }));
    io.err(`${key}: at most ${max} at once`);
  });

  const unset = parent
    .command('unset')
    .description("Take an operator's limit away; what tasks ask for counts again")
    .argument('<key>', 'the key');
  addExamples(unset, 'xqueue concurrency unset user_123');
  addServerOption(unset).action(async (key: string) => {
    await serverOf(unset, io).call('DELETE', path(key));
    io.err(`${key}: no operator limit`);
  });
}

function path(key: string): string {
  return `/concurrency/${encodeURIComponent(key)}`;
}

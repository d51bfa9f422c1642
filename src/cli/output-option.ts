// `-o table|json|jsonl`, the same for every command that prints data: for people, as one JSON text, as one JSON text per
// line and thing.
import { type Command, Option } from 'commander';

export const OUTPUTS = ['table', 'json', 'jsonl'] as const;
export type Output = (typeof OUTPUTS)[number];

export function addOutputOption(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'how data is printed').choices(OUTPUTS).default('table'),
  );
}

export function outputOf(command: Command): Output {
  return command.opts<{ output: Output }>().output;
}

/** One thing, such as a task: the two kinds of JSON are the same. */
export function printOne(output: Output, json: string, table: () => string): string {
  return output === 'table' ? table() : json;
}

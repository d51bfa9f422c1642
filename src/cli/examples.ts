// Examples at the end of a command's help. Each is a whole line that runs as it stands beside a server that was started
// with `xqueue start`; the tests run them.
import type { Command } from 'commander';

export function addExamples(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example' : 'Examples';
  return command.addHelpText('after', `\n${title}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}

// The commands of the product as they are built, for tests that must not forget one.
import type { Command } from 'commander';
import { buildProgram } from '../../../src/cli/program.ts';

export interface Leaf {
  /** `task submit` */
  readonly path: string;
  readonly help: string;
  /** Lines of its help that run as they stand. */
  readonly examples: readonly string[];
}

export function leaves(): Leaf[] {
  const found: Leaf[] = [];
  const walk = (command: Command, path: string): void => {
    for (const sub of command.commands) walk(sub, `${path} ${sub.name()}`.trim());
    if (command.commands.length > 0) return;
    let help = '';
    command.configureOutput({ ...command.configureOutput(), writeOut: (text) => (help += text) });
    command.outputHelp();
    found.push({ path, help, examples: [...help.matchAll(/^ {2}\$ (.+)$/gm)].map((match) => match[1] ?? '') });
  };
  const silent = { out: () => undefined, err: () => undefined, env: {}, input: async () => '' };
  walk(buildProgram(silent), '');
  return found;
}

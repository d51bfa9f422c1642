// `xqueue config show`: every setting, its value and where it comes from. Secrets are masked.
import type { Command } from 'commander';
import { addExamples } from './examples.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf } from './output-option.ts';
import { addSettingFlags, configOf } from './setting-flags.ts';
import { table } from './table.ts';

export function addConfigShow(parent: Command, io: Io): void {
  const command = parent.command('show').description('Show every setting, its value and where it comes from');
  addExamples(addSettingFlags(command), 'xqueue config show --queue-lease 60s -o json');
  addOutputOption(command).action(() => {
    const { settings } = configOf(command, io);
    if (outputOf(command) === 'jsonl') {
      for (const { path, shown, source } of settings) io.out(JSON.stringify({ path, value: shown, source }));
    } else if (outputOf(command) === 'json') {
      const entries = settings.map(({ path, shown, source }) => [path, { value: shown, source }]);
      io.out(JSON.stringify(Object.fromEntries(entries), null, 2));
    } else {
      io.out(
        table(
          ['SETTING', 'VALUE', 'SOURCE'],
          settings.map(({ path, shown, source }) => [path, shown === '' ? '-' : shown, source]),
        ),
      );
    }
  });
}

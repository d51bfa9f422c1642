// Every setting as a flag. Help shows the few that people need; the rest stands in docs/config.md.
import { type Command, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { Resolved, Source } from '../config/resolve.ts';
import { flagName, SETTING_PATHS, type SettingPath, settingOf } from '../config/settings.ts';
import type { Io } from './io.ts';

const SHOWN: ReadonlySet<SettingPath> = new Set([
  'server.host',
  'server.port',
  'server.mode',
  'embedded.path',
  'redis.addr',
  'mqtt.listen',
  'handlers',
  'queue.max_concurrency',
  'log.level',
]);

/** Short names for what is typed most. */
const ALIASES: Partial<Record<SettingPath, string>> = { 'server.host': '--host', 'server.port': '--port' };

export function addSettingFlags(command: Command): Command {
  command.option('-c, --config <file>', 'YAML file with settings (default: xqueue.yaml, if there is one)');
  for (const path of SETTING_PATHS) {
    const { kind, doc } = settingOf(path);
    const value = kind.name === 'true | false' ? '[true|false]' : '<value>';
    command.addOption(repeatable(path, new Option(`${flagName(path)} ${value}`, doc).hideHelp(!SHOWN.has(path))));
    const alias = ALIASES[path];
    if (alias !== undefined) command.addOption(new Option(`${alias} ${value}`, `the same as ${flagName(path)}`));
  }
  return command.addHelpText(
    'after',
    '\nEvery setting of docs/config.md is a flag too, for example --queue-lease 60s.',
  );
}

/** `--handlers a.ts --handlers b.ts` is `--handlers a.ts,b.ts`. */
function repeatable(path: SettingPath, option: Option): Option {
  if (!settingOf(path).kind.name.startsWith('list of') || path === 'auth.keys') return option;
  return option.argParser((value: string, before?: string) => (before === undefined ? value : `${before},${value}`));
}

/** The configuration of this command. @throws ConfigError */
export function configOf(command: Command, io: Io, preset: Partial<Record<SettingPath, string>> = {}): Resolved {
  const given = command.opts<Record<string, string | true | undefined>>();
  const first: Source = { values: [], problems: [] };
  for (const path of SETTING_PATHS) {
    for (const name of [flagName(path), ALIASES[path]]) {
      const value = name === undefined ? undefined : given[new Option(name).attributeName()];
      if (value !== undefined) {
        first.values.push({ path, source: `flag ${name}`, given: { text: value === true ? 'true' : value } });
      }
    }
    const fixed = preset[path];
    if (fixed !== undefined) first.values.push({ path, source: 'command', given: { text: fixed } });
  }
  const file = given['config'];
  return loadConfig({ first, file: typeof file === 'string' ? file : undefined, env: io.env });
}

// Writes the reference page of all settings from the table. docs/config.md is its output; a test compares them.
import { environmentName, flagName, SETTING_PATHS, type SettingPath, settingOf } from './settings.ts';

const INTRODUCTION = `# Settings

<!-- Generated from src/config/settings.ts by \`npm run generate\`. -->

A setting can be given in four places; the first that names it wins:

1. a flag of the command line: \`--server-port 9000\` (the path, with \`-\` for \`.\` and \`_\`),
2. an environment variable: \`XQUEUE_SERVER_PORT=9000\` (\`XQUEUE_\`, the path in upper case, with \`_\` for \`.\`),
3. a YAML file: \`xqueue.yaml\` in the working directory, or the one named by \`--config\` or \`XQUEUE_CONFIG\`,
4. the default.

\`\`\`yaml
# xqueue.yaml
server:
  port: 9000
queue:
  default_timeout: 5m
handlers: [./handlers.ts]
\`\`\`

In a program, \`TaskManager.start({ server: { port: 9000 }, queue: { defaultTimeout: '5m' } })\` takes the place of the flags; names are in camelCase.

Durations are written as \`250ms\`, \`30s\`, \`5m\`, \`1h30m\`, \`7d\`, or as a number of seconds. Lists are comma separated in flags and in the environment.
A setting marked *secret* is never shown or logged, and can also be read from a file: \`XQUEUE_REDIS_PASSWORD_FILE=/run/secrets/redis\`.

A name that is not known, a value of the wrong kind, or settings that contradict each other stop the start: one message lists all of them, and the
exit code is 2. \`xqueue config show\` prints every value and where it comes from.

`;

export function configReference(): string {
  const sections = new Map<string, SettingPath[]>();
  for (const path of SETTING_PATHS) {
    const [head = ''] = path.split('.');
    const section = path.includes('.') ? head : 'general';
    sections.set(section, [...(sections.get(section) ?? []), path]);
  }
  const parts = [...sections].map(([section, paths]) => `## ${section}\n\n${paths.map(entry).join('\n')}`);
  return INTRODUCTION + parts.join('\n');
}

function entry(path: SettingPath): string {
  const { kind, doc, secret } = settingOf(path);
  const kindName = kind.name + (secret === 'secret' ? ', secret' : '');
  return (
    `### \`${path}\`\n\n${doc}\n\n` +
    `* Kind: ${kindName}. Default: ${defaultText(path)}.\n` +
    `* \`${flagName(path)}\`, \`${environmentName(path)}\`\n`
  );
}

/** How the default reads: `` `8080` ``, or in words where it follows from other settings. */
export function defaultText(path: SettingPath): string {
  const { kind, default: preset } = settingOf(path);
  if ('says' in preset) return preset.says;
  const shown = kind.show(preset.value);
  return shown === '' ? 'none' : `\`${shown}\``;
}

// `xqueue auth new-key`: makes an API key. The key itself is shown once and stored nowhere; the configuration gets its digest.
import { createHash, randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { API_KEY_SCOPES, type ApiKey } from '../config/config.ts';
import { addExamples } from './examples.ts';
import { EXIT, Exit } from './exit.ts';
import type { Io } from './io.ts';
import { addOutputOption, outputOf } from './output-option.ts';

/** 256 random bits: nothing to guess, so a plain SHA-256 is enough to keep. */
const KEY_BYTES = 32;

interface Options {
  readonly name: string;
  readonly scopes: string;
}

export function addAuthNewKey(parent: Command, io: Io): void {
  const command = parent
    .command('new-key')
    .description('Make an API key: prints the key once, and the entry for auth.keys')
    .requiredOption('-n, --name <name>', 'who uses the key, as it appears in logs')
    .addOption(
      new Option(
        '-s, --scopes <list>',
        'read sees, submit submits and cancels, operate changes limits and retries',
      ).default('read,submit'),
    );
  addExamples(command, 'xqueue auth new-key --name ci --scopes read,submit');
  addOutputOption(command).action(() => {
    const { name, scopes } = command.opts<Options>();
    const wanted = scopes.split(',').map((scope) => scope.trim());
    const known = API_KEY_SCOPES.filter((scope) => wanted.includes(scope));
    const unknown = wanted.filter((scope) => !API_KEY_SCOPES.some((one) => one === scope));
    if (name.trim() === '') throw new Exit(EXIT.usage, 'The name must not be empty.');
    if (unknown.length > 0 || known.length === 0) {
      throw new Exit(EXIT.usage, `Unknown scope "${unknown.join(', ')}". Scopes are ${API_KEY_SCOPES.join(', ')}.`);
    }
    const { key, entry } = newKey(name, known);
    if (outputOf(command) !== 'table') {
      io.out(JSON.stringify({ key, entry }));
      return;
    }
    io.err(
      'The key, shown this once (clients send it as `Authorization: Bearer <key>`), and its entry for xqueue.yaml:\n',
    );
    io.out(`${key}\n\n${yamlEntry(entry)}`);
  });
}

export function newKey(name: string, scopes: ApiKey['scopes']): { readonly key: string; readonly entry: ApiKey } {
  const key = `xq_${randomBytes(KEY_BYTES).toString('base64url')}`;
  return { key, entry: { name, sha256: createHash('sha256').update(key).digest('hex'), scopes } };
}

function yamlEntry({ name, sha256, scopes }: ApiKey): string {
  // JSON strings are YAML strings, whatever the name contains.
  return [
    'auth:',
    '  keys:',
    `    - name: ${JSON.stringify(name)}`,
    `      sha256: "${sha256}"`,
    `      scopes: [${scopes.join(', ')}]`,
  ].join('\n');
}

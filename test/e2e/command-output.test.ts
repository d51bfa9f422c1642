// What commands print and how they end, compared with stored text. Ids, times and names of nodes are masked.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sameAsStored } from '../stored-text.ts';
import { emptyFolder, type NodeProcess, runCommand, startNode } from './node-process.ts';

const folder = emptyFolder();
let node: NodeProcess;
const ids = new Map<string, string>();

before(async () => {
  writeFileSync(
    join(folder.path, 'handlers.mjs'),
    `export default [
      { type: 'add', handle: ({ payload: { a, b } }) => a + b },
      {
        type: 'parent',
        handle: async (task, ctx) => (await ctx.submit('add', { a: 3, b: 4 })).result(),
      },
      {
        type: 'broken',
        handle(task, ctx) {
          ctx.log.warn('about to fail', { attempt: ctx.attempt });
          throw new Error('no luck');
        },
      },
    ];`,
  );
  node = await startNode(folder.path, ['--handlers', 'handlers.mjs', '--node-id', 'node-a']);
});
after(async () => {
  node.signal('SIGTERM');
  await node.ended;
  folder.remove();
});

/** In order: later ones use what earlier ones made. `{add}` is the id of the task that `add` submitted. */
const COMMANDS: Readonly<Record<string, string[]>> = {
  'submit-wait': ['task', 'submit', 'add', '{"a":1,"b":2}', '--wait', '--tag', 'sum'],
  'submit-wait-json': ['task', 'submit', 'add', '{"b":12345678901234567890,"a":0}', '--wait', '-o', 'json'],
  'submit-failed': ['task', 'submit', 'broken', '--max-retry', '0', '--wait'],
  'submit-too-late': ['task', 'submit', 'nobody', '--queue-timeout', '1ms', '--wait'],
  'submit-parent': ['task', 'submit', 'parent', '--wait'],
  'submit-quiet': ['task', 'submit', 'nobody', '{"n":1}', '--queue-timeout', '0', '-q'],
  'submit-invalid': ['task', 'submit', 'bad type', '{}', '--priority', '9999999'],
  get: ['task', 'get', '{submit-quiet}'],
  'get-unknown': ['task', 'get', '01900000-0000-7000-8000-000000000000'],
  'list-table': ['task', 'list', '--order', 'asc'],
  'list-jsonl': ['task', 'list', '--type', 'add', '--order', 'asc', '-o', 'jsonl'],
  'list-empty': ['task', 'list', '--type', 'none'],
  'list-parent': ['task', 'list', '--parent', 'nobody'],
  'list-children': ['task', 'list', '--parent', '{submit-parent}', '-o', 'jsonl'],
  logs: ['task', 'logs', '{submit-failed}'],
  'logs-jsonl': ['task', 'logs', '{submit-failed}', '--follow', '-o', 'jsonl'],
  'logs-unknown': ['task', 'logs', '01900000-0000-7000-8000-000000000000', '--follow'],
  watch: ['task', 'watch', '{submit-failed}'],
  'watch-json': ['task', 'watch', '{submit-failed}', '-o', 'json'],
  cancel: ['task', 'cancel', '{submit-quiet}', '--reason', 'no longer wanted'],
  retry: ['task', 'retry', '{submit-quiet}'],
  'retry-conflict': ['task', 'retry', '{submit-quiet}'],
  'limit-set': ['concurrency', 'set', 'user_123', '3'],
  'limit-list': ['concurrency', 'list'],
  'limit-list-jsonl': ['concurrency', 'list', '-o', 'jsonl'],
  'limit-unset': ['concurrency', 'unset', 'user_123'],
  stats: ['stats'],
  'doctor-well': ['doctor', '--port', '0', '--mqtt-listen', '', '--embedded-path', 'new.db'],
  'doctor-wrong': ['doctor', '--port', 'many', '--handlers', 'nowhere.ts'],
  'doctor-handlers': ['doctor', '--port', '0', '--mqtt-listen', '', '--handlers', 'nowhere.ts', '-o', 'json'],
  init: ['init', 'project'],
  'init-again': ['init', 'project'],
  'no-server': ['stats', '--url', 'http://127.0.0.1:9'],
  'bad-url': ['stats', '--url', 'nowhere'],
};

function masked(text: string): string {
  return text
    .replaceAll(folder.path, '<folder>')
    .replaceAll(/Node\.js \S+ on \w+/g, '<node>')
    .replaceAll(/\d+(\.\d+)? [KMGT]iB/g, '<size>')
    .replaceAll(/of \d+ settings/g, 'of <n> settings')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
    .replaceAll(/\b\d+\.\ds\b */g, '<age>  ')
    .replaceAll(/[ \t]+$/gm, '');
}

describe('output and exit code', () => {
  for (const [name, args] of Object.entries(COMMANDS)) {
    it(`of ${name}`, async () => {
      const given = args.map((arg) =>
        arg.replace(/^\{([a-z-]+)\}$/, (_, of: string) => ids.get(of) ?? assert.fail(of)),
      );
      const url = node.url.replace('/api/v1', '');
      const { code, out, err } = await runCommand(folder.path, given, { XQUEUE_URL: url });
      const id = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]+/.exec(out)?.[0];
      if (id !== undefined) ids.set(name, id);
      const text = [`$ xqueue ${args.join(' ')}`, `exit code ${code}`, '--- out', out, '--- err', err].join('\n');
      sameAsStored(new URL(`command-output/${name}.txt`, import.meta.url), masked(text));
    });
  }
});

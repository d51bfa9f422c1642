// What a person sees who watches a task on a terminal, and what a script reads.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { main } from '../../../src/cli/main.ts';
import { TaskManager } from '../../../src/index.ts';

let manager: TaskManager;
before(async () => {
  manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' }, server: { port: 0 } });
});
after(() => manager.close());

interface Seen {
  readonly code: number;
  /** In the order in which it appeared: lines of data, and the last line of the terminal. */
  readonly shown: readonly string[];
}

/** The task reports 25 and 75 per cent, each time only after the one before was seen. */
async function watched(stdout: 'terminal' | 'pipe'): Promise<Seen> {
  const seen = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const shown: string[] = [];
  const show = (text: string): void => {
    shown.push(text);
    if (text.includes('processing')) seen[0]?.resolve();
    if (text.includes('25')) seen[1]?.resolve();
    if (text.includes('75')) seen[2]?.resolve();
  };
  const type = `work.${stdout}`;
  manager.registerHandler({
    type,
    async handle(_task, { progress }) {
      await seen[0]?.promise;
      await progress({ progress: 25, message: 'unpacking' });
      await seen[1]?.promise;
      await progress({ progress: 75 });
      await seen[2]?.promise;
    },
  });
  const { id } = await manager.submitTask(type);
  const code = await main(['task', 'watch', id, '--url', manager.url ?? ''], {
    out: (text) => show(text.replace(/^\S+Z /, 'line:')),
    err: (text) => show(`err: ${text}`),
    env: {},
    input: async () => '',
    terminal: {
      size: () => (stdout === 'terminal' ? { columns: 80, rows: 25 } : null),
      draw: () => undefined,
      status: (text) => show(`bar: ${text.replace(/ {2}\d+m?s$/, '')}`),
    },
  });
  return { code, shown };
}

describe('watching a task', () => {
  it('on a terminal draws its progress as a bar below a line per status', async () => {
    const { code, shown } = await watched('terminal');
    assert.equal(code, 0);
    const lines = shown.filter((text) => text.startsWith('line:'));
    assert.match(lines.join('\n'), /^(line: pending\n)?line: processing\nline: success +\S+$/);
    assert.ok(shown.includes(`bar: processing  ${'█'.repeat(6)}${'░'.repeat(18)}  25 %  unpacking`), shown.join('\n'));
    assert.ok(shown.includes(`bar: processing  ${'█'.repeat(18)}${'░'.repeat(6)}  75 %`), shown.join('\n'));
    const end = shown.findIndex((text) => text.startsWith('line: success'));
    assert.equal(shown[end - 1], 'bar: ', 'the bar is gone where the line goes');
    assert.equal(shown.at(-1), 'bar: ', 'and gone at the end');
  });

  it('in a pipe prints a line per change and draws nothing', async () => {
    const { code, shown } = await watched('pipe');
    assert.equal(code, 0);
    assert.ok(shown.includes('line: processing  {"progress":25,"message":"unpacking"}'), shown.join('\n'));
    assert.ok(shown.includes('line: processing  {"progress":75}'));
    assert.deepEqual(
      shown.filter((text) => text.startsWith('bar: ') && text !== 'bar: '),
      [],
    );
  });
});

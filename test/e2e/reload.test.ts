import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { eventually, getTask, submit } from './http.ts';
import { emptyFolder, startNode } from './node-process.ts';

const folder = emptyFolder();
after(() => folder.remove());

function handlers(answer: string): void {
  writeFileSync(join(folder.path, 'handlers.mjs'), `export default { type: 'ask', handle: () => '${answer}' };`);
}

/** Where the newest of the nodes that said so listens. */
function newest(said: string): { readonly url: string; readonly starts: number } {
  const urls = [...said.matchAll(/HTTP +(http:\S+)/g)].map((match) => match[1] ?? '');
  return { url: urls.at(-1) ?? '', starts: urls.length };
}

describe('start --watch', () => {
  it('starts anew when the handlers change, also after a mistake, and ends on SIGTERM', async () => {
    handlers('first');
    const node = await startNode(folder.path, ['--handlers', 'handlers.mjs', '--watch']);
    const first = await submit(node.url, { type: 'ask' });
    assert.equal((await getTask(node.url, first.id, '?wait=10')).result, 'first');

    writeFileSync(join(folder.path, 'handlers.mjs'), 'export default {');
    await eventually(
      async () => node.err(),
      (said) => said.includes('waiting for a change'),
    );
    handlers('second');
    const again = await eventually(
      async () => newest(node.err()),
      ({ starts }) => starts === 2,
    );
    const second = await submit(again.url, { type: 'ask' });
    assert.equal((await getTask(again.url, second.id, '?wait=10')).result, 'second');
    assert.equal((await getTask(again.url, first.id)).result, 'first', 'the store is the same');

    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 0);
  });
});

describe('handlers of a file that ask for isolation', () => {
  it('run in a process of their own, which is ended at the process timeout', async () => {
    writeFileSync(
      join(folder.path, 'isolated.mjs'),
      `export default [
        { type: 'pid', isolation: 'process', handle: () => process.pid },
        { type: 'spin', isolation: 'process', handle() { for (;;); } },
        { type: 'own', handle: () => process.pid },
      ];`,
    );
    const node = await startNode(folder.path, ['--handlers', 'isolated.mjs', '--embedded-path', 'isolated.db']);
    const resultOf = async (type: string) =>
      (await getTask(node.url, (await submit(node.url, { type })).id, '?wait=20')).result;
    assert.notEqual(await resultOf('pid'), await resultOf('own'));
    const spin = await submit(node.url, { type: 'spin', process_timeout: 0.3, max_retry: 0 });
    assert.equal((await getTask(node.url, spin.id, '?wait=20')).error_code, 'process_timeout');
    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 0);
  });
});

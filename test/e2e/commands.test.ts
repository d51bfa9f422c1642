import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Task } from './http.ts';
import { emptyFolder, type NodeProcess, runCommand, startNode } from './node-process.ts';

const folder = emptyFolder();
let node: NodeProcess;
before(async () => {
  writeFileSync(
    join(folder.path, 'handlers.mjs'),
    `export const handlers = { type: 'broken', handle() { throw new Error('no luck'); } };`,
  );
  node = await startNode(folder.path, ['--handlers', 'handlers.mjs']);
});
after(() => folder.remove());

const xqueue = (...args: string[]) => runCommand(folder.path, args, { XQUEUE_URL: node.url.replace('/api/v1', '') });
const idOf = (text: string) => (JSON.parse(text) as Task).id;
const quick = '{"message":"hi","duration":0}';

describe('xqueue task', () => {
  it('submit --wait prints the ended task and ends with 0', async () => {
    const { code, out, err } = await xqueue('task', 'submit', 'example', quick, '--wait', '-o', 'json');
    assert.equal(code, 0, err);
    assert.equal((JSON.parse(out) as Task).status, 'success');
  });
  it('submit --wait of a task that fails ends with 7, with the reason on standard error', async () => {
    const { code, err } = await xqueue('task', 'submit', 'broken', '--max-retry', '0', '--wait');
    assert.equal(code, 7);
    assert.match(err, /no luck/);
  });
  it('submit --wait of a task that waits too long ends with 8', async () => {
    const { code } = await xqueue('task', 'submit', 'nobody', '--queue-timeout', '200ms', '--wait');
    assert.equal(code, 8);
  });
  it('submit of something that is not valid ends with 2 and names every fault', async () => {
    const { code, err } = await xqueue('task', 'submit', 'bad type', '{}', '--priority', '9999999');
    assert.equal(code, 2);
    assert.match(err, /\/type[^]*\/priority/);
    assert.equal((await xqueue('task', 'submit', 'example', '{oops')).code, 2);
    assert.equal((await xqueue('task', 'submit', 'example', '--delay', 'soon')).code, 2);
  });
  it('list shows what matches, get shows one', async () => {
    const id = idOf((await xqueue('task', 'submit', 'listed', '{"a":1}', '--tag', 'x', '-o', 'json')).out);
    const listed = await xqueue('task', 'list', '--type', 'listed');
    assert.equal(listed.code, 0);
    assert.match(listed.out, new RegExp(`${id} +listed +pending`));
    const shown = await xqueue('task', 'get', id);
    assert.match(shown.out, /payload +\{"a":1\}/);
    assert.match(shown.out, /tags +\["x"\]/);
  });
  it('cancel ends a waiting task; a second cancel is fine; retry brings it back; retry again is a conflict', async () => {
    const id = idOf((await xqueue('task', 'submit', 'nobody', '-o', 'json')).out);
    assert.match((await xqueue('task', 'cancel', id)).out, /status +canceled/);
    assert.equal((await xqueue('task', 'cancel', id)).code, 0);
    assert.match((await xqueue('task', 'retry', id)).out, /status +pending/);
    assert.equal((await xqueue('task', 'retry', id)).code, 6);
  });
  it('watch follows a task to its end', async () => {
    const id = idOf((await xqueue('task', 'submit', 'example', '{"duration":4}', '-o', 'json')).out);
    const { code, out, err } = await xqueue('task', 'watch', id);
    assert.equal(code, 0, err);
    assert.match(out, /processing[^]*success/);
  });
  it('an unknown task ends with 3', async () => {
    const id = '01900000-0000-7000-8000-000000000000';
    for (const command of ['get', 'cancel', 'retry', 'watch']) {
      assert.equal((await xqueue('task', command, id)).code, 3, command);
    }
  });
  it('a server that does not answer ends with 4 and a hint', async () => {
    const { code, err } = await xqueue('task', 'list', '--url', 'http://127.0.0.1:9');
    assert.equal(code, 4);
    assert.match(err, /No server answers at http:\/\/127\.0\.0\.1:9/);
    assert.match(err, /xqueue start/);
  });
});

describe('xqueue stats and concurrency', () => {
  it('stats counts per type', async () => {
    await xqueue('task', 'submit', 'counted');
    const { code, out } = await xqueue('stats');
    assert.equal(code, 0);
    assert.match(out, /TYPE +PENDING[^]*counted +1[^]*\(all\)/);
  });
  it('a limit can be set, seen and taken away', async () => {
    assert.equal((await xqueue('concurrency', 'set', 'user 1/a', '3')).code, 0);
    assert.match((await xqueue('concurrency', 'list')).out, /user 1\/a +3 +operator/);
    assert.equal((await xqueue('concurrency', 'unset', 'user 1/a')).code, 0);
    assert.doesNotMatch((await xqueue('concurrency', 'list')).out, /user 1/);
    assert.equal((await xqueue('concurrency', 'set', 'k', 'many')).code, 2);
  });
});

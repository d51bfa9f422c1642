import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { getTask, post, submit } from './http.ts';
import { emptyFolder, launch, runCommand, startNode } from './node-process.ts';

const folders: { remove(): void }[] = [];
after(() => {
  for (const folder of folders) folder.remove();
});
function fresh(): string {
  const folder = emptyFolder();
  folders.push(folder);
  return folder.path;
}

async function occupied(port = 0): Promise<{ readonly port: number; readonly server: Server | null }> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve({ port, server: null });
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve({ port: typeof address === 'object' && address !== null ? address.port : port, server });
    });
  });
}

describe('xqueue start in an empty folder', () => {
  it('needs nothing else: a task submitted with curl runs and its result can be read', async () => {
    const folder = fresh();
    const node = await startNode(folder);
    const response = await post(`${node.url}/tasks`, '{"type":"example","payload":{"message":"hi","duration":0.05}}');
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('xqueue-durability'), 'fsync');
    const { id } = (await response.json()) as { id: string };
    const task = await getTask(node.url, id, '?wait=20');
    assert.equal(task.status, 'success');
    assert.deepEqual(task.result, { message: 'hi', duration: 0.05 });
    assert.ok(existsSync(join(folder, 'data', 'xqueue.db')));

    node.signal('SIGTERM');
    const { code, out, err } = await node.ended;
    assert.equal(code, 0);
    assert.equal(out, '', 'standard output is for data');
    assert.doesNotMatch(err, /warning/i);
    assert.deepEqual(readdirSync(folder), ['data']);
  });

  it('says what runs where, and a command to try it with', async () => {
    const node = await startNode(fresh());
    const lines = node.err();
    for (const part of [
      /HTTP +http:/,
      /Docs +http:.*\/docs/,
      /MQTT +mqtt:/,
      /WebSocket +ws:.*\/mqtt/,
      /Store +.*xqueue\.db/,
    ]) {
      assert.match(lines, part);
    }
    assert.match(lines, /fsync/);
    assert.match(lines, /Handlers +example/);
    assert.match(lines, /curl -X POST http:/);
    node.signal('SIGKILL');
    await node.ended;
  });

  it('a payload with an integer of 30 digits comes back digit for digit', async () => {
    const node = await startNode(fresh(), ['--embedded-path', ':memory:']);
    const payload = '{"n":123456789012345678901234567890,"empty":[],"z":1,"a":2.50}';
    const response = await post(`${node.url}/tasks`, `{"type":"nobody_handles_this","payload":${payload}}`);
    const text = await response.text();
    assert.ok(text.includes(payload), text);
    const { id } = JSON.parse(text) as { id: string };
    assert.ok((await (await fetch(`${node.url}/tasks/${id}`)).text()).includes(payload));
    const shown = await runCommand(fresh(), ['task', 'get', id, '-o', 'json', '--url', node.url]);
    assert.ok(shown.out.includes(payload), shown.err);
    node.signal('SIGTERM');
    await node.ended;
  });
});

describe('handlers from a file', () => {
  const handlers = `export default [
    { type: 'double', async handle(task, ctx) { await ctx.progress({ progress: 50 }); return { twice: task.payload.n * 2 }; } },
    { type: 'broken', handle() { throw new Error('no luck'); } },
  ];`;

  it('run tasks of their types', async () => {
    const folder = fresh();
    writeFileSync(join(folder, 'handlers.ts'), handlers);
    const node = await startNode(folder, ['--handlers', './handlers.ts']);
    assert.match(node.err(), /Handlers +.*broken.*double/);
    const { id } = await submit(node.url, { type: 'double', payload: { n: 21 } });
    assert.deepEqual((await getTask(node.url, id, '?wait=20')).result, { twice: 42 });
    const failed = await submit(node.url, { type: 'broken', max_retry: 0 });
    const task = await getTask(node.url, failed.id, '?wait=20');
    assert.equal(task.status, 'failed');
    assert.match(task.error ?? '', /no luck/);
    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 0);
  });

  for (const [what, text, message] of [
    ['that does not exist', null, /nowhere\.ts/],
    ['that cannot be read as code', 'export default [', /handlers\.ts/],
    ['that exports no handlers', 'export const x = 1;', /handlers\.ts.*default.*handlers/s],
    ['that exports something else', 'export default [{ type: "a" }];', /handlers\.ts.*handle/s],
  ] as const) {
    it(`a file ${what} stops the start with one clear message`, async () => {
      const folder = fresh();
      if (text !== null) writeFileSync(join(folder, 'handlers.ts'), text);
      const name = text === null ? './nowhere.ts' : './handlers.ts';
      const { code, err } = await runCommand(folder, ['start', '--server-port', '0', '--handlers', name]);
      assert.equal(code, 2, err);
      assert.match(err, message);
      assert.match(err, /handlers/);
    });
  }
});

describe('a start that cannot be', () => {
  it('a taken HTTP port: one message with the name of the setting, code 4', async () => {
    const { port, server } = await occupied();
    const { code, err } = await runCommand(fresh(), ['start', '--port', String(port), '--mqtt-listen', '']);
    server?.close();
    assert.equal(code, 4);
    assert.match(err, new RegExp(`server\\.port: .*${port}`));
    assert.doesNotMatch(err, /\n\s+at /, 'no stack');
  });

  it('an MQTT port set by hand and taken: the same', async () => {
    const { port, server } = await occupied();
    const { code, err } = await runCommand(fresh(), ['start', '--port', '0', '--mqtt-listen', `127.0.0.1:${port}`]);
    server?.close();
    assert.equal(code, 4);
    assert.match(err, new RegExp(`mqtt\\.listen: .*${port}`));
  });

  it('the default MQTT port taken: the next free one is used, and it says so', async () => {
    const { server } = await occupied(1883);
    const node = launch(fresh(), [new URL('../../src/cli/bin.ts', import.meta.url).pathname, 'start', '--port', '0']);
    const [, port] = await node.said(/MQTT +mqtt:\/\/127\.0\.0\.1:(\d+).*1883/);
    assert.notEqual(port, '1883');
    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 0);
    server?.close();
  });

  it('a data file that another process owns: one message with the name of the setting, code 4', async () => {
    const folder = fresh();
    const node = await startNode(folder);
    const second = await runCommand(folder, ['start', '--port', '0', '--mqtt-listen', '']);
    assert.equal(second.code, 4);
    assert.match(second.err, /embedded\.path: .*xqueue\.db/);
    const { id } = await submit(node.url, { type: 'example', payload: { duration: 0 } });
    assert.equal((await getTask(node.url, id, '?wait=20')).status, 'success', 'the first goes on');
    node.signal('SIGTERM');
    await node.ended;
  });

  it('a configuration that is wrong: code 2, and nothing is opened', async () => {
    const folder = fresh();
    writeFileSync(join(folder, 'xqueue.yaml'), 'server:\n  prot: 1\n');
    const { code, err } = await runCommand(folder, ['start'], { XQUEUE_QUEUE_LEASE: 'soon' });
    assert.equal(code, 2);
    assert.match(err, /2 problems[^]*did you mean server\.port[^]*queue\.lease/s);
    assert.deepEqual(readdirSync(folder), ['xqueue.yaml']);
  });

  it('a public address without keys: code 2', async () => {
    const { code, err } = await runCommand(fresh(), ['start', '--host', '0.0.0.0']);
    assert.equal(code, 2);
    assert.match(err, /server\.host .*auth new-key/);
  });

  it('an old Node is told what is needed', async () => {
    const pretend = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})`;
    const bin = new URL('../../src/cli/bin.ts', import.meta.url).pathname;
    const { code, err } = await launch(fresh(), ['--import', pretend, bin, 'start']).ended;
    assert.equal(code, 1);
    assert.match(err, /needs Node\.js 22\.22 or later.*This is 20\.1\.0/);
  });
});

describe('the roles', () => {
  it('a server accepts and runs nothing, a worker runs and serves no HTTP', async () => {
    const folder = fresh();
    const bin = new URL('../../src/cli/bin.ts', import.meta.url).pathname;
    const server = launch(folder, [bin, 'server', '--port', '0', '--mqtt-listen', '']);
    const [, url = ''] = await server.said(/HTTP +(http:\S+)/);
    assert.doesNotMatch(server.err(), /Handlers/);
    const { id } = await submit(url, { type: 'marked' });
    const nodes = (await (await fetch(`${url}/nodes`)).json()) as { nodes: { slots: number; types: string[] }[] };
    assert.deepEqual(
      nodes.nodes.map(({ slots, types }) => [slots, types]),
      [[0, []]],
    );
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);

    writeFileSync(
      join(folder, 'marked.mjs'),
      `export default { type: 'marked', handle() { console.error('the handler ran'); } };`,
    );
    const worker = launch(folder, [bin, 'worker', '--mqtt-listen', '', '--handlers', 'marked.mjs']);
    await worker.said(/the handler ran/);
    assert.match(worker.err(), /Handlers +example, marked/);
    assert.doesNotMatch(worker.err(), /HTTP|WebSocket|curl/);
    worker.signal('SIGTERM');
    assert.equal((await worker.ended).code, 0);

    const again = await startNode(folder, ['--node-role', 'api']);
    assert.equal((await getTask(again.url, id)).status, 'success');
    again.signal('SIGTERM');
    await again.ended;
  });

  it('in release mode every line on standard error is JSON', async () => {
    const bin = new URL('../../src/cli/bin.ts', import.meta.url).pathname;
    const node = launch(fresh(), [bin, 'start', '--port', '0', '--mqtt-listen', '', '--server-mode', 'release']);
    await node.said(/"http":"http:/);
    node.signal('SIGTERM');
    const { code, err, out } = await node.ended;
    assert.equal(code, 0);
    assert.equal(out, '');
    const lines = err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string; node: string });
    assert.deepEqual(
      lines.map(({ msg }) => msg.split(':')[0]),
      ['started', 'SIGTERM', 'stopped'],
    );
    assert.ok(lines.every(({ level, node }) => level === 'info' && node.length > 0));
  });
});

describe('with API keys', () => {
  it('only a key opens the door', async () => {
    const folder = fresh();
    const made = await runCommand(folder, ['auth', 'new-key', '--name', 'ci', '-o', 'json']);
    const { key, entry } = JSON.parse(made.out) as { key: string; entry: object };
    const node = await startNode(folder, [], { XQUEUE_AUTH_KEYS: JSON.stringify([entry]) });
    assert.match(node.err(), /Authorization: Bearer/);
    const body = '{"type":"example","payload":{"duration":0}}';
    assert.equal((await post(`${node.url}/tasks`, body)).status, 401);
    assert.equal((await post(`${node.url}/tasks`, body, { authorization: `Bearer ${key}` })).status, 201);
    const listed = await runCommand(folder, ['task', 'list', '--url', node.url], { XQUEUE_API_KEY: key });
    assert.equal(listed.code, 0, listed.err);
    assert.match(listed.out, /example/);
    assert.equal((await runCommand(folder, ['task', 'list', '--url', node.url])).code, 1);
    node.signal('SIGTERM');
    const { err } = await node.ended;
    assert.ok(!err.includes(key), 'keys are never logged');
  });
});

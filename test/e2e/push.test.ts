import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { connect } from 'mqtt';
import { Mosquitto } from '../e2e-push/mosquitto.ts';
import { eventually, getTask, submit } from './http.ts';
import { emptyFolder, startNode } from './node-process.ts';

const folders = [emptyFolder(), emptyFolder()] as const;
after(() => {
  for (const folder of folders) folder.remove();
});

it('the embedded broker tells subscribers every change, over TCP and at /mqtt on the HTTP port', async () => {
  const node = await startNode(folders[1].path);
  const addresses = [`mqtt://127.0.0.1:${node.mqttPort}`, node.url.replace('http', 'ws').replace('/api/v1', '/mqtt')];
  const clients = addresses.map((address) => connect(address, { protocolVersion: 4 }));
  const seen = clients.map((client) => {
    const messages: string[] = [];
    client.on('message', (topic, message) => {
      const { status, progress } = JSON.parse(message.toString()) as {
        status?: string;
        progress?: { progress: number };
      };
      messages.push(`${topic.split('/').slice(0, 2).join('/')} ${status ?? progress?.progress}`);
    });
    return messages;
  });
  await Promise.all(clients.map((client) => client.subscribeAsync(['task/status/+', 'task/progress/+'], { qos: 1 })));
  await submit(node.url, { type: 'example', payload: { duration: 0.2, steps: 1 } });
  const expected = ['task/status pending', 'task/status processing', 'task/progress 100', 'task/status success'];
  for (const messages of seen) {
    await eventually(
      async () => messages,
      (now) => now.length >= expected.length,
    );
    assert.deepEqual(messages, expected);
  }
  for (const client of clients) await client.endAsync(true);
  node.signal('SIGTERM');
  assert.equal((await node.ended).code, 0);
});

it('an external broker gets every change, browsers reach it at /mqtt, and tasks do not need it', async (t) => {
  const login = { username: 'queue', password: 'p@ss word' };
  const broker = await Mosquitto.start(t, { login });
  const address = `mqtt://queue:${encodeURIComponent(login.password)}@127.0.0.1:${broker.port}`;
  const node = await startNode(folders[0].path, ['--mqtt-broker', address]);
  assert.doesNotMatch(node.err(), /p@ss|p%40ss/, 'the password is not shown');
  const health = async () => (await (await fetch(`${node.url}/health`)).json()) as { status: string };
  await eventually(health, ({ status }) => status === 'ok');

  const browser = connect(node.url.replace('http', 'ws').replace('/api/v1', '/mqtt'), { protocolVersion: 4 });
  const seen: string[] = [];
  browser.on('message', (_topic, message) => {
    seen.push((JSON.parse(message.toString()) as { status: string }).status);
  });
  await new Promise((resolve) => browser.once('connect', resolve));
  await browser.subscribeAsync('task/status/+', { qos: 1 });
  const first = await submit(node.url, { type: 'example', payload: { duration: 0.1 } });
  assert.equal((await getTask(node.url, first.id, '?wait=20')).status, 'success');
  await eventually(
    async () => seen,
    (statuses) => statuses.includes('success'),
  );
  assert.deepEqual(seen, ['pending', 'processing', 'success']);
  await browser.endAsync(true);

  await broker.kill();
  const second = await submit(node.url, { type: 'example', payload: { duration: 0 } });
  assert.equal((await getTask(node.url, second.id, '?wait=20')).status, 'success');
  await eventually(health, ({ status }) => status === 'degraded');
  node.signal('SIGTERM');
  assert.equal((await node.ended).code, 0);
});

// What a user sees of the push of a node with nothing else installed: `mosquitto_sub` on its port, a browser's client on `/mqtt`.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { getTask, submit, type Task } from '../e2e/http.ts';
import { emptyFolder, type NodeProcess, startNode } from '../e2e/node-process.ts';
import { Subscriber } from '../unit/mqtt/scene.ts';
import { freePort, MosquittoSub, mosquittoPub } from './mosquitto.ts';

interface StatusMessage {
  readonly task_id: string;
  readonly status: string;
  readonly version: number;
}

function folder(t: TestContext): string {
  const made = emptyFolder();
  t.after(() => made.remove());
  return made.path;
}

const example = (over: object = {}): object => ({ type: 'example', payload: { duration: 0.2, steps: 2, ...over } });
const finished = (node: NodeProcess, { id }: Task): Promise<Task> => getTask(node.url, id, '?wait=30');
const mqttOf = (node: NodeProcess): number => node.mqttPort ?? 0;
const webSocketOf = (node: NodeProcess): string => `${node.url.replace(/^http/, 'ws').replace(/\/api\/v1$/, '')}/mqtt`;

/** The statuses of one task on one topic, in the order they came. */
function statusesOn(topic: string, lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.startsWith(`${topic} `))
    .map((line) => (JSON.parse(line.slice(topic.length + 1)) as StatusMessage).status);
}

test('mosquitto_sub on task/# sees pending, processing, success in order, by task and by status, and the progress', async (t) => {
  const node = await startNode(folder(t));
  const sub = await MosquittoSub.start(t, mqttOf(node), 'task/#');
  const task = await submit(node.url, example());
  await finished(node, task);
  const last = await sub.hears(`task/status/status/success`, task.id);
  assert.match(last, /"version":\d+/);
  const life = ['pending', 'processing', 'success'];
  assert.deepEqual(statusesOn(`task/status/${task.id}`, sub.lines), life);
  for (const status of life) assert.deepEqual(statusesOn(`task/status/status/${status}`, sub.lines), [status]);
  const versions = sub.lines
    .filter((line) => /^task\/(status|progress)\/[0-9a-f]{8}-/.test(line))
    .map((line) => (JSON.parse(line.slice(line.indexOf(' '))) as StatusMessage).version);
  assert.deepEqual(
    versions,
    Array.from(versions, (_, i) => i + 1),
    'one message per version, none missing',
  );
  assert.match(await sub.hears('task/progress/', task.id), /"progress":\{.*"progress":50/);
});

test('a hundred tasks at once: each has its changes in order', async (t) => {
  const node = await startNode(folder(t));
  const sub = await MosquittoSub.start(t, mqttOf(node), 'task/status/+');
  const tasks = await Promise.all(Array.from({ length: 100 }, () => submit(node.url, example({ duration: 0 }))));
  for (const { id } of tasks) {
    await sub.hears(id, '"success"');
    assert.deepEqual(statusesOn(`task/status/${id}`, sub.lines), ['pending', 'processing', 'success']);
  }
});

test('over WebSocket on the HTTP port a browser sees the same', async (t) => {
  const node = await startNode(folder(t), ['--mqtt-listen', '']);
  assert.equal(node.mqttPort, null);
  const browser = await Subscriber.connect(t, webSocketOf(node));
  await browser.subscribe('task/status/+');
  const task = await submit(node.url, example());
  await browser.gets(3);
  assert.deepEqual(statusesOn(`task/status/${task.id}`, browser.received), ['pending', 'processing', 'success']);
});

test('a message forged with mosquitto_pub reaches nobody', async (t) => {
  const node = await startNode(folder(t));
  const sub = await MosquittoSub.start(t, mqttOf(node), '#');
  for (const topic of ['task/status/x', 'task/progress/x', 'other']) {
    await mosquittoPub(mqttOf(node), topic, '{"status":"success"}', '-q', '1');
  }
  const task = await submit(node.url, example());
  await sub.hears(task.id, '"success"');
  assert.ok(
    sub.lines.every((line) => line.includes(task.id)),
    sub.lines.join('\n'),
  );
});

test('with keys configured, MQTT wants one as password, over TCP and over WebSocket', async (t) => {
  const path = folder(t);
  const sha256 = createHash('sha256').update('the-key').digest('hex');
  writeFileSync(
    join(path, 'xqueue.yaml'),
    `auth:\n  keys:\n    - name: a\n      sha256: ${sha256}\n      scopes: [read]\n    - name: b\n      sha256: ${createHash('sha256').update('submit-only').digest('hex')}\n      scopes: [submit]\n`,
  );
  const node = await startNode(path);
  for (const url of [`mqtt://127.0.0.1:${node.mqttPort}`, webSocketOf(node)]) {
    await assert.rejects(connectAsync(url, { reconnectPeriod: 0 }), /Not authorized/);
    for (const password of ['wrong', 'submit-only']) {
      await assert.rejects(connectAsync(url, { reconnectPeriod: 0, username: 'x', password }), /Bad username/);
    }
    const reader = await Subscriber.connect(t, url, { username: 'x', password: 'the-key' });
    assert.deepEqual(await reader.subscribe('task/#'), [1]);
  }
});

test('a node that is killed between a change and its message: a subscriber that comes back gets the message', {
  timeout: 60_000,
}, async (t) => {
  const path = folder(t);
  const port = await freePort();
  const args = ['--mqtt-listen', `127.0.0.1:${port}`];
  const first = await startNode(path, args);
  const sub = await MosquittoSub.start(t, port, 'task/status/+');
  const tasks = await Promise.all(Array.from({ length: 30 }, () => submit(first.url, example({ duration: 0.5 }))));
  first.signal('SIGKILL');
  await first.ended;
  const second = await startNode(path, args);
  await sub.subscribedTimes(2);
  for (const task of tasks) {
    await finished(second, task);
    await sub.hears(task.id, '"success"');
    const seen = new Set(statusesOn(`task/status/${task.id}`, sub.lines));
    assert.deepEqual(
      [...seen].filter((status) => status !== 'pending'),
      ['processing', 'success'],
    );
    assert.ok(seen.has('pending'));
  }
});

test('a node with subscribers on TCP and WebSocket stops at SIGTERM without waiting for them', async (t) => {
  const node = await startNode(folder(t));
  const tcp = await Subscriber.connect(t, `mqtt://127.0.0.1:${node.mqttPort}`);
  const browser = await Subscriber.connect(t, webSocketOf(node));
  for (const subscriber of [tcp, browser]) await subscriber.subscribe('task/#');
  const since = performance.now();
  node.signal('SIGTERM');
  const { code } = await node.ended;
  assert.equal(code, 0);
  assert.ok(performance.now() - since < 5000, `took ${performance.now() - since} ms`);
});

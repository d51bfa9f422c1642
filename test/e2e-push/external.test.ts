// What a user sees of the push with a broker of their own: a real node, a real Mosquitto, its own command line clients.
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually, getTask, post, submit, type Task } from '../e2e/http.ts';
import { emptyFolder, type NodeProcess, runCommand, startNode } from '../e2e/node-process.ts';
import { Subscriber } from '../unit/mqtt/scene.ts';
import { figuresOf, type PushFigures } from './figures.ts';
import { Mosquitto, MosquittoSub, mosquittoPub } from './mosquitto.ts';

interface StatusMessage {
  readonly task_id: string;
  readonly status: string;
  readonly version: number;
}

interface Health {
  readonly status: string;
  readonly components: { readonly mqtt: { readonly status: string; readonly detail: string } };
}

function start(t: TestContext, ...args: readonly string[]): Promise<NodeProcess> {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  return startNode(folder.path, args);
}

const example = (over: object = {}): object => ({ type: 'example', payload: { duration: 0.2, steps: 2, ...over } });
const finished = (node: NodeProcess, { id }: Task): Promise<Task> => getTask(node.url, id, '?wait=30');
const rootOf = ({ url }: NodeProcess): string => url.replace(/\/api\/v1$/, '');

async function healthOf({ url }: NodeProcess): Promise<Health> {
  return (await (await fetch(`${url}/health`)).json()) as Health;
}

/** Until every change that was made is published or counted as dropped. Each task made three. */
function accounted(node: NodeProcess, changes: number): Promise<PushFigures> {
  return eventually(
    () => figuresOf(rootOf(node)),
    ({ published, dropped, waiting }) => published + dropped === changes && waiting === 0,
  );
}

async function runMany(node: NodeProcess, count: number): Promise<string[]> {
  const tasks = Array.from({ length: count }, () => example({ duration: 0, steps: 1 }));
  const response = await post(`${node.url}/tasks/batch`, JSON.stringify({ tasks }));
  const { results } = (await response.json()) as { results: { task: Task }[] };
  for (const { task } of results) assert.equal((await finished(node, task)).status, 'success');
  return results.map(({ task }) => task.id);
}

/** The statuses of one task on one topic, in the order they came. */
function statusesOn(topic: string, lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.startsWith(`${topic} `))
    .map((line) => (JSON.parse(line.slice(line.indexOf('{'))) as StatusMessage).status);
}

for (const qos of [0, 1, 2] as const) {
  test(`QoS ${qos}: mosquitto_sub sees pending, processing, success by task and by status, and the progress, at that QoS`, async (t) => {
    const broker = await Mosquitto.start(t);
    const sub = await MosquittoSub.start(t, broker.port, 'task/#', '-q', '2', '-F', '%t %q %p');
    const node = await start(t, '--mqtt-broker', broker.url, '--mqtt-qos', String(qos));
    await eventually(
      () => healthOf(node),
      ({ status }) => status === 'ok',
    );
    const task = await submit(node.url, example());
    await finished(node, task);
    await sub.hears('task/status/status/success', task.id);
    const life = ['pending', 'processing', 'success'];
    assert.deepEqual(statusesOn(`task/status/${task.id}`, sub.lines), life);
    for (const status of life) assert.deepEqual(statusesOn(`task/status/status/${status}`, sub.lines), [status]);
    assert.match(await sub.hears(`task/progress/${task.id}`), /"progress":50/);
    const ours = sub.lines.filter((line) => line.includes(task.id));
    assert.ok(
      ours.every((line) => line.split(' ')[1] === String(qos)),
      ours.join('\n'),
    );
  });
}

test('who comes later learns from the broker which nodes are there, and that one has gone', async (t) => {
  const broker = await Mosquitto.start(t);
  const node = await start(t, '--mqtt-broker', broker.url, '--node-id', 'n-1');
  await eventually(
    () => healthOf(node),
    ({ status }) => status === 'ok',
  );
  const late = await MosquittoSub.start(t, broker.port, 'task/status/nodes/+');
  await late.hears('task/status/nodes/n-1', 'online');
  node.signal('SIGKILL');
  await late.hears('task/status/nodes/n-1', 'offline');
});

test('the same over WebSocket on the HTTP port, and nothing else of the broker', async (t) => {
  const broker = await Mosquitto.start(t);
  const node = await start(t, '--mqtt-broker', broker.url);
  const browser = await Subscriber.connect(t, `${rootOf(node).replace('http', 'ws')}/mqtt`);
  assert.deepEqual(await browser.subscribe('task/status/+'), [1]);
  const task = await submit(node.url, example());
  await browser.gets(3);
  assert.deepEqual(statusesOn(`task/status/${task.id}`, browser.received), ['pending', 'processing', 'success']);
  assert.deepEqual(await browser.subscribe('#'), [128]);
  browser.client.publish('task/status/x', '{"status":"forged"}');
  await browser.cut();
  const { refused } = await figuresOf(rootOf(node));
  assert.deepEqual(
    { publishes: refused.publishes, subscriptions: refused.subscriptions },
    { publishes: 1, subscriptions: 1 },
  );
});

test("over TLS with a certificate of one's own, user and password; a file that is not there stops the start", async (t) => {
  const login = { username: 'queue', password: 'pa55word' };
  const broker = await Mosquitto.start(t, { tls: true, login });
  const credentials = ['--mqtt-username', login.username, '--mqtt-password', login.password];
  const how = ['--mqtt-broker', `mqtts://localhost:${broker.tlsPort}`, ...credentials];
  const node = await start(t, ...how, '--mqtt-tls-ca', broker.certificate);
  await eventually(
    () => healthOf(node),
    ({ components }) => components.mqtt.status === 'ok',
  );
  const browser = await Subscriber.connect(t, `${rootOf(node).replace('http', 'ws')}/mqtt`);
  await browser.subscribe('task/status/+');
  await submit(node.url, example({ duration: 0 }));
  await browser.gets(3);
  assert.doesNotMatch(node.err(), /pa55word/);
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const refused = await runCommand(folder.path, ['start', ...how, '--mqtt-tls-ca', '/nowhere/ca.pem']);
  assert.equal(refused.code, 4);
  assert.match(refused.err, /mqtt\.tls_ca.*\/nowhere\/ca\.pem/);
});

test('CloudEvents: every message is wrapped', async (t) => {
  const broker = await Mosquitto.start(t);
  const sub = await MosquittoSub.start(t, broker.port, 'task/#', '-V', 'mqttv5', '-F', '%t %C %p');
  const node = await start(t, '--mqtt-broker', broker.url, '--mqtt-format', 'cloudevents');
  const task = await submit(node.url, example());
  await finished(node, task);
  const line = await sub.hears(`task/status/${task.id}`, '"success"');
  assert.match(line, / application\/cloudevents\+json \{/);
  const event = JSON.parse(line.slice(line.indexOf('{'))) as { id: string; type: string; data: StatusMessage };
  assert.deepEqual([event.type, event.data.task_id, event.data.status], ['xqueue.task.status', task.id, 'success']);
  assert.equal(event.id, `${task.id}/${event.data.version}`);
});

test('a broker killed in mid-run and started again: degraded meanwhile, push back within 3 s, every drop counted', {
  timeout: 90_000,
}, async (t) => {
  const broker = await Mosquitto.start(t);
  const node = await start(t, '--mqtt-broker', broker.url, '--mqtt-queue-max-events', '500');
  await eventually(
    () => healthOf(node),
    ({ status }) => status === 'ok',
  );
  await runMany(node, 50);
  // Three changes and one progress each.
  assert.equal((await accounted(node, 200)).dropped, 0);
  await broker.kill();
  await eventually(
    () => healthOf(node),
    ({ status, components }) => status === 'degraded' && components.mqtt.status === 'down',
  );
  const missed = await runMany(node, 300);
  const { components } = await eventually(
    () => healthOf(node),
    (health) => /dropped/.test(health.components.mqtt.detail),
  );
  assert.match(components.mqtt.detail, /\d+ changes wait; \d+ changes were dropped/);
  await broker.start();
  const since = performance.now();
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const after = await submit(node.url, example({ duration: 0, steps: 1 }));
  await sub.hears(after.id, '"success"');
  const tookMs = performance.now() - since;
  assert.ok(tookMs < 3000, `push was back after ${tookMs.toFixed(0)} ms`);
  assert.equal((await healthOf(node)).status, 'ok');
  const { dropped, published } = await accounted(node, 200 + 1200 + 4);
  assert.ok(dropped > 0);
  assert.ok(published >= 200);
  assert.equal(missed.length, 300);
});

for (const broker of ['absent', 'mute'] as const) {
  test(`a broker that is ${broker} from the start: tasks run, health is degraded, what does not fit is counted`, {
    timeout: 60_000,
  }, async (t) => {
    const url = broker === 'absent' ? 'mqtt://127.0.0.1:9' : await muteBroker(t);
    const node = await start(t, '--mqtt-broker', url, '--mqtt-queue-max-events', '100');
    await runMany(node, 200);
    const health = await healthOf(node);
    assert.deepEqual([health.status, health.components.mqtt.status], ['degraded', 'down']);
    const { published, dropped, waiting } = await eventually(
      () => figuresOf(rootOf(node)),
      (now) => now.published + now.dropped + now.waiting === 800,
    );
    assert.equal(published, 0);
    assert.ok(waiting <= 100, `${waiting} wait`);
    assert.equal(dropped, 800 - waiting);
    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 0);
  });
}

test('what may not be done over MQTT is refused and counted by kind, and the node lives', async (t) => {
  const node = await start(t);
  const port = node.mqttPort ?? 0;
  const honest = await Subscriber.connect(t, `mqtt://127.0.0.1:${port}`);
  assert.deepEqual(await honest.subscribe(['task/#', 'home/#', '$SYS/#']), [1, 128, 128]);
  await mosquittoPub(port, 'task/status/x', '{"status":"success"}', '-q', '1');
  const garbage = async (...bytes: readonly number[]): Promise<void> => {
    const { connect } = await import('node:net');
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes)));
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.resume();
    });
  };
  await garbage(0x10, 0xff, 0xff, 0xff, 0x7f);
  await garbage(0x00, 0x00);
  const task = await submit(node.url, example({ duration: 0 }));
  await honest.gets(3);
  assert.ok(honest.received.every((line) => line.includes(task.id)));
  const { refused } = await figuresOf(rootOf(node));
  assert.deepEqual(refused, {
    publishes: 1,
    subscriptions: 2,
    credentials: 0,
    connections: 0,
    oversized_packets: 1,
    malformed_packets: 1,
    slow_clients: 0,
  });
});

/** Accepts connections and never says a word. */
async function muteBroker(t: TestContext): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

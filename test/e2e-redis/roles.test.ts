// Servers and workers apart, on one Redis, with one Mosquitto: each task and each change is there for everybody.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { eventually, getTask, submit } from '../e2e/http.ts';
import { Mosquitto } from '../e2e-push/mosquitto.ts';
import { bench } from './redis-nodes.ts';
import { Subscriber } from './subscriber.ts';

const HANDLERS = `export default [{ type: 'where', async handle(task, ctx) {
  await new Promise((resolve) => setTimeout(resolve, task.payload.ms ?? 0));
  return ctx.nodeId;
} }];`;

it('two servers and two workers work as one', { timeout: 60_000 }, async (t) => {
  const { start, folder } = await bench(t);
  const mosquitto = await Mosquitto.start(t);
  writeFileSync(join(folder, 'handlers.mjs'), HANDLERS);
  const push = ['--mqtt-broker', mosquitto.url, '--log-level', 'warn'];
  // Workers know nothing of the broker: what they do is told to it all the same.
  const [s1, s2] = await Promise.all([
    start(['server', '--node-id', 's1', ...push]),
    start(['server', '--node-id', 's2', ...push]),
    start(['worker', '--node-id', 'w1', '--handlers', 'handlers.mjs', '--log-level', 'warn']),
    start(['worker', '--node-id', 'w2', '--handlers', 'handlers.mjs', '--log-level', 'warn']),
  ]);
  const handlers = async () =>
    ((await (await fetch(`${s2.url}/handlers`)).json()) as { handlers: { type: string; nodes: string[] }[] }).handlers;
  const known = await eventually(handlers, (all) => all.some(({ nodes }) => nodes.length === 2));
  assert.deepEqual(
    known.find(({ type }) => type === 'where'),
    { type: 'where', nodes: ['w1', 'w2'] },
  );
  const nodes = (await (await fetch(`${s1.url}/nodes`)).json()) as { nodes: { id: string; slots: number }[] };
  assert.deepEqual(
    nodes.nodes.map(({ id, slots }) => [id, slots > 0]),
    [
      ['s1', false],
      ['s2', false],
      ['w1', true],
      ['w2', true],
    ],
  );

  const subscriber = await Subscriber.start(t, mosquitto.port, 'task/status/+');
  const ids: string[] = [];
  for (const url of [s1.url, s2.url, s1.url, s2.url]) ids.push((await submit(url, { type: 'where' })).id);
  for (const id of ids) {
    // Submitted on one, waited for on both.
    for (const url of [s1.url, s2.url]) assert.equal((await getTask(url, id, '?wait=10')).status, 'success');
  }
  const told = await eventually(
    async () => subscriber.messages,
    (messages) => ids.every((id) => messages.some((message) => message.task_id === id && message.status === 'success')),
  );
  for (const id of ids) {
    assert.deepEqual(
      told.filter((message) => message.task_id === id).map(({ status, version }) => `${version} ${status}`),
      ['1 pending', '2 processing', '3 success'],
    );
  }

  // The one that speaks to the broker dies without a word: the other takes over.
  s1.signal('SIGKILL');
  await s1.ended;
  const { id } = await submit(s2.url, { type: 'where', payload: { ms: 100 } });
  await eventually(
    async () => subscriber.messages.filter((message) => message.task_id === id).map(({ version }) => version),
    (versions) => [1, 2, 3].every((version) => versions.includes(version)),
  );
});

it('nodes with brokers of their own each tell everything', { timeout: 60_000 }, async (t) => {
  const { start } = await bench(t);
  const [one, two] = await Promise.all([
    start(['start', '--mqtt-listen', '127.0.0.1:0', '--log-level', 'warn']),
    start(['server', '--mqtt-listen', '127.0.0.1:0', '--log-level', 'warn']),
  ]);
  const ports = [one, two].map(({ err }) => Number(/MQTT +mqtt:\/\/[^:]+:(\d+)/.exec(err())?.[1]));
  const subscribers = await Promise.all(ports.map((port) => Subscriber.start(t, port, 'task/status/+')));
  const { id } = await submit(two.url, { type: 'example', payload: { duration: 0.1, steps: 1 } });
  for (const subscriber of subscribers) {
    await eventually(
      async () => subscriber.messages.filter((message) => message.task_id === id).map(({ status }) => status),
      (statuses) => statuses.includes('pending') && statuses.includes('success'),
    );
  }
});

it('events of a task reach a follower on another node', { timeout: 60_000 }, async (t) => {
  const { start } = await bench(t);
  const quiet = ['--mqtt-broker', 'off', '--log-level', 'warn'];
  const [front] = await Promise.all([start(['server', ...quiet]), start(['worker', ...quiet])]);
  const { id } = await submit(front.url, { type: 'example', payload: { duration: 0.2, steps: 2 } });
  const response = await fetch(`${front.url}/tasks/${id}/events`);
  const text = await response.text();
  assert.match(text, /"status":"success"/);
});

it('a rolling restart of the servers tells nothing twice and nothing out of order', { timeout: 60_000 }, async (t) => {
  const { start, folder } = await bench(t);
  const mosquitto = await Mosquitto.start(t);
  writeFileSync(join(folder, 'handlers.mjs'), HANDLERS);
  const push = ['--mqtt-broker', mosquitto.url, '--log-level', 'warn'];
  const first = await start(['server', ...push]);
  await start(['worker', '--handlers', 'handlers.mjs', '--log-level', 'warn']);
  const subscriber = await Subscriber.start(t, mosquitto.port, 'task/status/+');
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push((await submit(first.url, { type: 'where' })).id);
  const versionsOf = (id: string) => subscriber.messages.flatMap((m) => (m.task_id === id ? [m.version] : []));
  await eventually(
    async () => ids.map((id) => versionsOf(id).at(-1)),
    (last) => last.every((version) => version === 3),
  );
  const second = await start(['server', ...push]);
  first.signal('SIGTERM');
  assert.equal((await first.ended).code, 0);
  const { id } = await submit(second.url, { type: 'where' });
  ids.push(id);
  await eventually(
    async () => versionsOf(id).at(-1),
    (version) => version === 3,
  );
  for (const each of ids) assert.deepEqual(versionsOf(each), [1, 2, 3]);
});

// The whole way with an external broker: a real store on disk, the relay, and a real Mosquitto that dies, sleeps, returns.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { ExternalPublisher } from '../../src/adapters/mqtt/external-publisher.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { EventHub } from '../../src/engine/push/event-hub.ts';
import { OutboxRelay, type RelaySettings } from '../../src/engine/push/outbox-relay.ts';
import { SILENT } from '../../src/ports/logger.ts';
import type { TaskEvent } from '../../src/ports/outbox.ts';
import type { PushMessage } from '../../src/ports/publisher.ts';
import type { TaskStore } from '../../src/ports/task-store.ts';
import { messageOf } from '../../src/protocol/push-messages.ts';
import { topicsBelow } from '../../src/protocol/topics.ts';
import { aSubmission, nextUuid, SETTINGS, succeed } from '../conformance/builders.ts';
import { until } from '../unit/mqtt/scene.ts';
import { Gate, Mosquitto, MosquittoSub } from './mosquitto.ts';

const topicsOf = topicsBelow('task/status');
const toMessages = (event: TaskEvent): PushMessage[] => {
  const payload = messageOf(event);
  return topicsOf(event).map((topic) => ({ topic, payload }));
};

async function openStore(t: TestContext, path: string): Promise<TaskStore> {
  const store = await openSqliteStore({ path, clock: systemClock, settings: SETTINGS });
  t.after(() => store.close());
  return store;
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-relay-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'xqueue.db');
}

async function startRelay(
  t: TestContext,
  store: TaskStore,
  broker: { readonly url: string },
  settings: Partial<RelaySettings> = {},
): Promise<{ relay: OutboxRelay; publisher: ExternalPublisher; hub: EventHub }> {
  const publisher = new ExternalPublisher({
    url: broker.url,
    clientId: 'test',
    nodeId: 'n1',
    username: '',
    password: '',
    qos: 1,
    base: 'task/status',
    clock: systemClock,
    logger: SILENT,
    limits: { ackMs: 1000, reconnectMsMax: 200 },
  });
  t.after(() => publisher.close());
  const hub = new EventHub();
  const relay = new OutboxRelay({
    store,
    hub,
    publisher,
    broker: 'shared',
    toMessages,
    locks: store.locks,
    clock: systemClock,
    logger: SILENT,
    owner: 'n1',
    settings: { pollMs: 100, ...settings },
  });
  await relay.start();
  t.after(() => relay.close());
  return { relay, publisher, hub };
}

/** Takes tasks from submit to success: three changes each. */
async function runTasks(store: TaskStore, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, nextUuid);
  await store.submit(ids.map((id) => aSubmission({ id })));
  for (let left = count; left > 0; ) {
    const request = { requestId: nextUuid(), nodeId: 'n1', types: [aSubmission().spec.type], count: 50 };
    const claimed = await store.claim(request);
    await store.settle(
      claimed.map(({ lease: { id, token } }) => ({ id, token, outcome: succeed('1'), handler: 'ended', by: 'holder' })),
    );
    left -= claimed.length;
  }
  return ids;
}

const statusesOf = (id: string, lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const match = new RegExp(`^task/status/${id} .*"status":"(\\w+)"`).exec(line);
    return match?.[1] === undefined ? [] : [match[1]];
  });

const outboxSize = async (store: TaskStore): Promise<number> => (await store.readOutbox(null, 100_000)).length;

test('every change of every task arrives, in order, by task and by status', { timeout: 60_000 }, async (t) => {
  const broker = await Mosquitto.start(t);
  const sub = await MosquittoSub.start(t, broker.port, 'task/#');
  const store = await openStore(t, scratch(t));
  const { relay } = await startRelay(t, store, broker);
  const ids = await runTasks(store, 200);
  const lines = (await sub.gets(1 + 200 * 6)).filter((line) => !line.startsWith('task/status/nodes/'));
  for (const id of ids) assert.deepEqual(statusesOf(id, lines), ['pending', 'processing', 'success']);
  assert.equal(lines.filter((line) => line.startsWith('task/status/status/success ')).length, 200);
  for (const deadline = performance.now() + 5000; (await outboxSize(store)) > 0; ) {
    assert.ok(performance.now() < deadline, 'the outbox is trimmed');
  }
  assert.equal(relay.stats().published, 600);
});

test('a broker that dies in the middle: tasks go on, and what it missed arrives after its return, in order', {
  timeout: 60_000,
}, async (t) => {
  const broker = await Mosquitto.start(t);
  const gate = await Gate.prepare(t, broker);
  await gate.open();
  const store = await openStore(t, scratch(t));
  const { relay, publisher } = await startRelay(t, store, gate);
  await until('connected', () => publisher.health().status === 'ok');
  const before = await runTasks(store, 100);
  gate.shut();
  await broker.kill();
  await until('the publisher has noticed', () => publisher.health().status === 'down');
  const during = await runTasks(store, 100);
  await broker.start();
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  await gate.open();
  const after = await runTasks(store, 100);
  for (const id of [...during, ...after]) {
    await sub.hears(id, '"success"');
    assert.deepEqual(statusesOf(id, sub.lines), ['pending', 'processing', 'success']);
  }
  await until('all is published', () => relay.stats().queuedEvents === 0);
  assert.deepEqual(relay.stats().dropped, { superseded: 0, overflow: 0, refused: 0 });
  assert.equal(relay.stats().published, (before.length + during.length + after.length) * 3);
});

for (const weather of ['absent', 'frozen'] as const) {
  test(`a broker that is ${weather}: bounded queue and outbox, exact drops, newest state of each task kept`, {
    timeout: 60_000,
  }, async (t) => {
    const broker = await Mosquitto.prepare(t);
    const gate = await Gate.prepare(t, broker);
    if (weather === 'frozen') {
      await broker.start();
      await gate.open();
    }
    const store = await openStore(t, scratch(t));
    const { relay, publisher, hub } = await startRelay(t, store, gate, { queueEventsMax: 500, heldEventsMax: 1000 });
    let heard = 0;
    hub.onAll(() => heard++);
    if (weather === 'frozen') {
      await until('connected', () => publisher.health().status === 'ok');
      broker.freeze();
    }
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) {
      ids.push(...(await runTasks(store, 100)));
      assert.ok(relay.stats().queuedEvents <= 500);
    }
    await until('local listeners have heard all', () => heard === 3000);
    const total = (): number => {
      const { published, queuedEvents, dropped } = relay.stats();
      return published + queuedEvents + dropped.superseded + dropped.overflow + dropped.refused;
    };
    await until('the relay has read all', () => total() === 3000);
    assert.ok(relay.stats().queuedEvents <= 500);
    assert.ok(relay.stats().dropped.superseded > 1000);
    assert.ok((await outboxSize(store)) < 100, 'one entry is one call of the store, not one event');
    gate.shut();
    await broker.kill();
    await broker.start();
    const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
    await gate.open();
    await until('all is published', () => relay.stats().queuedEvents === 0);
    assert.equal(total(), 3000);
    // 1,000 tasks and room for 500, a quarter of it under way: the last word on the newest of them must be there.
    for (const id of ids.slice(-300)) await sub.hears(id, '"success"');
  });
}

test('a process that dies while the broker is away loses nothing: the next one publishes it', {
  timeout: 60_000,
}, async (t) => {
  const path = scratch(t);
  const broker = await Mosquitto.start(t);
  const gate = await Gate.prepare(t, broker);
  const first = await openStore(t, path);
  const { relay, publisher } = await startRelay(t, first, gate, { flushMs: 10 });
  const ids = await runTasks(first, 50);
  await until('the relay has read it', () => relay.stats().queuedEvents === 150);
  await relay.close();
  // Or it would come back under the client id of its successor, and each would throw the other out.
  await publisher.close();
  await first.close();
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const second = await openStore(t, path);
  await gate.open();
  await startRelay(t, second, gate);
  for (const id of ids) {
    await sub.hears(id, '"success"');
    assert.deepEqual(statusesOf(id, sub.lines), ['pending', 'processing', 'success']);
  }
});

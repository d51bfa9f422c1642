// Publishing to a real Mosquitto: every way to reach it, and every way it can fail.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { ExternalPublisher, type ExternalPublisherOptions } from '../../src/adapters/mqtt/external-publisher.ts';
import { type Logger, SILENT } from '../../src/ports/logger.ts';
import type { PushMessage } from '../../src/ports/publisher.ts';
import { Mosquitto, MosquittoSub } from './mosquitto.ts';

function publisherTo(t: TestContext, url: string, over: Partial<ExternalPublisherOptions> = {}): ExternalPublisher {
  const publisher = new ExternalPublisher({
    url,
    clientId: 'task-queue-notifier',
    nodeId: 'n1',
    username: '',
    password: '',
    qos: 1,
    base: 'task/status',
    clock: systemClock,
    logger: SILENT,
    ...over,
  });
  t.after(() => publisher.close());
  return publisher;
}

async function until(what: string, holds: () => boolean, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Still not so after ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const connected = (publisher: ExternalPublisher): Promise<void> =>
  until(`connected, not ${publisher.health().detail}`, () => publisher.health().status === 'ok');

const messages = (count: number, from = 0): PushMessage[] =>
  Array.from({ length: count }, (_, i) => ({ topic: `task/status/${from + i}`, payload: `p${from + i}` }));

const lines = (count: number): string[] => messages(count).map(({ topic, payload }) => `${topic} ${payload}`);

for (const protocolVersion of [4, 5] as const) {
  for (const qos of [0, 1, 2] as const) {
    test(`MQTT ${protocolVersion === 4 ? '3.1.1' : '5'}, QoS ${qos}: thousands of messages arrive in order`, async (t) => {
      const broker = await Mosquitto.start(t);
      const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
      const publisher = publisherTo(t, broker.url, { qos, protocolVersion });
      await connected(publisher);
      await publisher.publish(messages(3000));
      assert.deepEqual(await sub.gets(3000), lines(3000));
    });
  }
}

test('over TLS, with a certificate that is checked', async (t) => {
  const broker = await Mosquitto.start(t, { tls: true });
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const url = `mqtts://localhost:${broker.tlsPort}`;
  const distrustful = publisherTo(t, url, { nodeId: 'n2' });
  const publisher = publisherTo(t, url, { tls: { ca: readFileSync(broker.certificate) } });
  await connected(publisher);
  await publisher.publish(messages(1));
  assert.deepEqual(await sub.gets(1), lines(1));
  await until('the certificate is named as the reason', () => /self.signed/.test(distrustful.health().detail));
});

test('over WebSocket', async (t) => {
  const broker = await Mosquitto.start(t);
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const publisher = publisherTo(t, `ws://127.0.0.1:${broker.wsPort}/mqtt`);
  await connected(publisher);
  await publisher.publish(messages(500));
  assert.deepEqual(await sub.gets(500), lines(500));
});

test('with user name and password; neither shows in health or log', async (t) => {
  const login = { username: 'queue', password: 'pa55word' };
  const broker = await Mosquitto.start(t, { login });
  const said: string[] = [];
  const note = (text: string, fields?: object): void => void said.push(`${text} ${JSON.stringify(fields)}`);
  const logger: Logger = { ...SILENT, info: note, warn: note };
  const stranger = publisherTo(t, broker.url, { nodeId: 'n2', password: 'wrong', username: 'queue', logger });
  const publisher = publisherTo(t, `mqtt://queue:pa55word@127.0.0.1:${broker.port}`, { logger });
  const named = publisherTo(t, broker.url, { nodeId: 'n3', ...login, logger });
  await connected(publisher);
  await connected(named);
  await until('refused', () => /Not authorized/.test(stranger.health().detail));
  const shown = [...said, publisher.health().detail, stranger.health().detail].join('\n');
  assert.doesNotMatch(shown, /pa55word|wrong/);
});

test('a broker that is absent from the start: rejected at once, found as soon as it is there', async (t) => {
  const broker = await Mosquitto.prepare(t);
  const publisher = publisherTo(t, broker.url);
  const since = performance.now();
  for (let i = 0; i < 1000; i++) await assert.rejects(publisher.publish(messages(10)), /is away/);
  assert.ok(performance.now() - since < 2000);
  assert.equal(publisher.health().status, 'down');
  await broker.start();
  await connected(publisher);
  await publisher.publish(messages(1));
});

test('a broker that is killed in the middle: what was under way is rejected, and goes through when it is back', async (t) => {
  const broker = await Mosquitto.start(t);
  const publisher = publisherTo(t, broker.url);
  await connected(publisher);
  const publishing = publisher.publish(messages(50_000));
  const outcome = assert.rejects(publishing, /lost|away/);
  await broker.kill();
  await outcome;
  await broker.start();
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  await connected(publisher);
  await publisher.publish(messages(100));
  assert.deepEqual(await sub.gets(100), lines(100));
});

test('a broker that stands still is given up after its time, and used again when it moves', {
  timeout: 60_000,
}, async (t) => {
  const broker = await Mosquitto.start(t);
  const publisher = publisherTo(t, broker.url, { limits: { ackMs: 500, connectMs: 1000 } });
  await connected(publisher);
  broker.freeze();
  const since = performance.now();
  await assert.rejects(publisher.publish(messages(10)));
  assert.ok(performance.now() - since < 3000);
  await assert.rejects(publisher.publish(messages(10)), /is away/);
  broker.thaw();
  await connected(publisher);
  await publisher.publish(messages(10));
});

test('a broker that comes and goes leaves nothing behind in memory', { timeout: 60_000 }, async (t) => {
  const broker = await Mosquitto.start(t);
  const publisher = publisherTo(t, broker.url, { limits: { reconnectMsMin: 10, reconnectMsMax: 50 } });
  const payload = 'x'.repeat(2000);
  const batch = messages(500).map(({ topic }) => ({ topic, payload }));
  const round = async (): Promise<void> => {
    await connected(publisher);
    const outcome = publisher.publish(batch).catch(() => {});
    await broker.kill();
    await outcome;
    for (let i = 0; i < 200; i++) await publisher.publish(batch).catch(() => {});
    await broker.start();
  };
  for (let i = 0; i < 5; i++) await round();
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 15; i++) await round();
  globalThis.gc?.();
  const grownMb = (process.memoryUsage().rss - before) / 1e6;
  // 3,000 batches of 1 MB were offered meanwhile.
  assert.ok(grownMb < 60, `grew by ${grownMb.toFixed(0)} MB`);
});

test('a broker of MQTT 5 that bounds packets and flow is obeyed, not fought', async (t) => {
  const broker = await Mosquitto.start(t, { lines: ['max_packet_size 2000', 'max_inflight_messages 5'] });
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const publisher = publisherTo(t, broker.url, { protocolVersion: 5 });
  await connected(publisher);
  const tooLarge = { topic: 'task/status/large', payload: 'x'.repeat(5000) };
  await publisher.publish([tooLarge, ...messages(500)]);
  assert.deepEqual(await sub.gets(500), lines(500));
  assert.equal(publisher.refused, 1);
  assert.equal(publisher.health().status, 'ok');
});

test('a topic with a wildcard in it is refused here, or the broker would close the connection for ever', async (t) => {
  const broker = await Mosquitto.start(t);
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const publisher = publisherTo(t, broker.url);
  await connected(publisher);
  await publisher.publish([{ topic: 'task/status/a#b', payload: 'x' }, ...messages(1)]);
  assert.deepEqual(await sub.gets(1), lines(1));
  assert.equal(publisher.refused, 1);
});

test('the presence of a node is kept at the broker: online, offline by itself, offline by last will', async (t) => {
  const broker = await Mosquitto.start(t);
  const publisher = publisherTo(t, broker.url, { nodeId: 'host/1#a' });
  await connected(publisher);
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/nodes/#');
  const topic = 'task/status/nodes/host_1_a';
  assert.deepEqual(await sub.gets(1), [`${topic} {"node_id":"host/1#a","status":"online"}`]);
  await publisher.close();
  assert.equal((await sub.gets(2))[1], `${topic} {"node_id":"host/1#a","status":"offline"}`);

  const dying = startPublisherProcess(t, broker.url, 'dies');
  await sub.hears('nodes/dies', 'online');
  dying.kill('SIGKILL');
  await sub.hears('nodes/dies', 'offline');
});

function startPublisherProcess(t: TestContext, url: string, nodeId: string): ChildProcess {
  const source = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href;
  const program = `
    import { ExternalPublisher } from '${source('adapters/mqtt/external-publisher.ts')}';
    import { systemClock as clock } from '${source('adapters/clock/system-clock.ts')}';
    import { SILENT as logger } from '${source('ports/logger.ts')}';
    const login = { username: '', password: '' };
    new ExternalPublisher({ url: '${url}', clientId: 'c', nodeId: '${nodeId}', ...login, qos: 1, base: 'task/status', clock, logger });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

// What a broker is told beyond the payload, in which version of MQTT, and through which kinds of door.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Aedes } from 'aedes';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { ExternalPublisher, type ExternalPublisherOptions } from '../../src/adapters/mqtt/external-publisher.ts';
import { SILENT } from '../../src/ports/logger.ts';
import type { PushMessage } from '../../src/ports/publisher.ts';
import { until } from '../unit/mqtt/scene.ts';
import { Mosquitto, MosquittoSub } from './mosquitto.ts';

const TRACE = '00-019ab3f27c1e7a408d553f0c9e2b6a17-0000000000000003-00';
const status: PushMessage = { topic: 'task/status/a', payload: 'done', traceparent: TRACE };
const progress: PushMessage = { topic: 'task/progress/a', payload: 'half', expirySeconds: 30 };

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
    limits: { connectMs: 1000, reconnectMsMin: 20, reconnectMsMax: 100 },
    ...over,
  });
  t.after(() => publisher.close());
  return publisher;
}

async function connected(...how: Parameters<typeof publisherTo>): Promise<ExternalPublisher> {
  const publisher = publisherTo(...how);
  await until(`connected to ${how[1]}`, () => publisher.health().status === 'ok');
  return publisher;
}

/** A TCP server on a free port; whatever is still connected ends with the test. */
async function listen(t: TestContext, onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('MQTT 5: progress expires, a status does not, and both may carry a trace', async (t) => {
  const broker = await Mosquitto.start(t);
  const format = ['-V', 'mqttv5', '-F', '%t %p|expiry=%E|%P|%C'];
  const sub = await MosquittoSub.start(t, broker.port, 'task/#', ...format);
  const publisher = await connected(t, broker.url);
  await publisher.publish([status, progress, { ...status, contentType: 'application/cloudevents+json' }]);
  const lines = (await sub.gets(4)).filter((line) => !line.includes('/nodes/'));
  assert.match(lines[0] ?? '', /^task\/status\/a done\|expiry=\|traceparent:?\s*00-019ab3f2/);
  assert.match(lines[1] ?? '', /^task\/progress\/a half\|expiry=(30|29)\|/);
  assert.match(lines[2] ?? '', /application\/cloudevents\+json$/);
});

test('MQTT 3.1.1, if it is asked for: the same messages without what that version has no room for', async (t) => {
  const broker = await Mosquitto.start(t);
  const sub = await MosquittoSub.start(t, broker.port, 'task/#', '-V', 'mqttv5', '-F', '%t %p|%E|%P|');
  const publisher = await connected(t, broker.url, { protocolVersion: 4 });
  await publisher.publish([status, progress]);
  const lines = (await sub.gets(3)).filter((line) => !line.includes('/nodes/'));
  assert.deepEqual(lines, ['task/status/a done|||', 'task/progress/a half|||']);
});

test('a broker that refuses MQTT 5 is spoken to in 3.1.1', async (t) => {
  const aedes = new Aedes();
  await aedes.listen();
  t.after(() => new Promise<void>((resolve) => aedes.close(resolve)));
  const got: string[] = [];
  aedes.on('publish', ({ topic, payload }) => void got.push(`${topic} ${payload.toString()}`));
  const url = await listen(t, (socket) => aedes.handle(socket));
  const publisher = await connected(t, url);
  await publisher.publish([status]);
  assert.ok(got.includes('task/status/a done'), got.join('\n'));
});

test('a broker that hangs up on MQTT 5 without a word is spoken to in 3.1.1', async (t) => {
  const broker = await Mosquitto.start(t);
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const LEVEL_BYTE = 8;
  const url = await listen(t, (socket) => {
    socket.once('data', (connect: Buffer) => {
      if (connect[LEVEL_BYTE] === 5) return void socket.destroy();
      const to = connectTcp(broker.port, '127.0.0.1');
      to.on('error', () => {});
      to.write(connect);
      socket.pipe(to).pipe(socket);
    });
  });
  const publisher = await connected(t, url);
  await publisher.publish([status]);
  assert.deepEqual(await sub.gets(1), ['task/status/a done']);
});

test('over WebSocket with TLS: a certificate that is known, one that is not, and checks switched off', async (t) => {
  const broker = await Mosquitto.start(t, { tls: true });
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  for (const url of [`wss://localhost:${broker.wssPort}/mqtt`, `mqtts://localhost:${broker.tlsPort}`]) {
    const trusting = await connected(t, url, { nodeId: 'n1', tls: { ca: readFileSync(broker.certificate) } });
    await trusting.publish([status]);
    const careless = await connected(t, url, { nodeId: 'n2', tls: { rejectUnauthorized: false } });
    await careless.publish([status]);
    const distrustful = publisherTo(t, url, { nodeId: 'n3' });
    await until('the certificate is the reason', () => /self.signed/.test(distrustful.health().detail));
    await Promise.all([trusting.close(), careless.close()]);
  }
  assert.equal((await sub.gets(4)).length, 4);
});

test('batches that are under way at once arrive one after the other, also while the flow is bounded', async (t) => {
  const broker = await Mosquitto.start(t, { lines: ['max_inflight_messages 7'] });
  const sub = await MosquittoSub.start(t, broker.port, 'task/status/+');
  const publisher = await connected(t, broker.url);
  const batches = Array.from({ length: 5 }, (_, batch) =>
    Array.from({ length: 200 }, (_, i) => ({ topic: 'task/status/a', payload: String(batch * 200 + i) })),
  );
  await Promise.all(batches.map((batch) => publisher.publish(batch)));
  const expected = Array.from({ length: 1000 }, (_, i) => `task/status/a ${i}`);
  assert.deepEqual(await sub.gets(1000), expected);
});

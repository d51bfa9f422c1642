// `/mqtt` on the HTTP port with an external broker behind it: a browser's way through, and what stays outside.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { WsBridge, type WsBridgeOptions } from '../../src/adapters/mqtt/ws-bridge.ts';
import { Subscriber, until } from '../unit/mqtt/scene.ts';
import { Mosquitto, MosquittoSub, mosquittoPub } from './mosquitto.ts';

/** MQTT 3.1.1, clean session, client id `x`. */
const CONNECT = [0x10, 13, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, 0, 1, 0x78];

async function bridgeTo(
  t: TestContext,
  brokerUrl: string,
  over: Partial<WsBridgeOptions> = {},
): Promise<{ bridge: WsBridge; url: string }> {
  const bridge = new WsBridge({
    url: brokerUrl,
    username: '',
    password: '',
    clientId: 'task-queue-notifier',
    bases: ['task/status', 'task/progress'],
    mayRead: () => true,
    access: 'open',
    clock: systemClock,
    ...over,
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    if (!bridge.handleUpgrade(request, socket, head)) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    await bridge.close();
    server.close();
  });
  return { bridge, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/mqtt` };
}

for (const protocolVersion of [4, 5] as const) {
  test(`MQTT ${protocolVersion === 4 ? '3.1.1' : '5'}: what is published at the broker reaches the browser`, async (t) => {
    const broker = await Mosquitto.start(t);
    const { url } = await bridgeTo(t, broker.url);
    const browser = await Subscriber.connect(t, url, { protocolVersion });
    assert.deepEqual(await browser.subscribe(['task/#', 'task/progress/+']), [1, 1]);
    await mosquittoPub(broker.port, 'task/status/a', 'hello', '-q', '1');
    assert.deepEqual(await browser.gets(1), ['task/status/a hello']);
    await browser.client.unsubscribeAsync('task/#');
    await mosquittoPub(broker.port, 'task/status/b', 'not wanted any more');
    await mosquittoPub(broker.port, 'task/progress/a', 'half way');
    assert.deepEqual((await browser.gets(2))[1], 'task/progress/a half way');
    await browser.client.endAsync();
  });
}

for (const qos of [1, 2] as const) {
  test(`acknowledgements at QoS ${qos} find their way back: far more messages than may be under way arrive`, async (t) => {
    const broker = await Mosquitto.start(t);
    const { url } = await bridgeTo(t, broker.url);
    const browser = await Subscriber.connect(t, url);
    await browser.subscribe('task/#', qos);
    const source = await connectAsync(broker.url);
    t.after(() => source.end(true));
    for (let i = 0; i < 500; i++) await source.publishAsync('task/status/a', String(i), { qos });
    await browser.gets(500);
    assert.deepEqual(
      browser.received,
      Array.from({ length: 500 }, (_, i) => `task/status/a ${i}`),
    );
  });
}

test('the bridge reaches brokers over TLS and over WebSocket too', async (t) => {
  const broker = await Mosquitto.start(t, { tls: true });
  const ways: readonly (readonly [string, Partial<WsBridgeOptions>])[] = [
    [`mqtts://localhost:${broker.tlsPort}`, { tls: { ca: readFileSync(broker.certificate) } }],
    [`ws://127.0.0.1:${broker.wsPort}/mqtt`, {}],
  ];
  for (const [brokerUrl, options] of ways) {
    const { url } = await bridgeTo(t, brokerUrl, options);
    const browser = await Subscriber.connect(t, url);
    await browser.subscribe('task/#');
    await mosquittoPub(broker.port, 'task/status/a', 'hello');
    await browser.gets(1);
  }
});

test('the API key stays here: the broker sees the credentials of the node', async (t) => {
  const login = { username: 'queue', password: 'pa55word' };
  const broker = await Mosquitto.start(t, { login });
  const mayRead = (key: string | null): boolean => key === 'api-key';
  const { bridge, url } = await bridgeTo(t, broker.url, { ...login, mayRead, access: 'keys' });
  for (const protocolVersion of [4, 5] as const) {
    const bare = { reconnectPeriod: 0, protocolVersion };
    await assert.rejects(connectAsync(url, bare), /Not authorized/);
    await assert.rejects(connectAsync(url, { ...bare, ...login }), /Bad user ?name or password/i);
    const browser = await Subscriber.connect(t, url, { protocolVersion, username: 'any', password: 'api-key' });
    assert.deepEqual(await browser.subscribe('task/#'), [1]);
  }
  assert.equal(bridge.stats().refused.credentials, 4);
});

test('publishing and last wills do not get through', async (t) => {
  const broker = await Mosquitto.start(t);
  const { bridge, url } = await bridgeTo(t, broker.url);
  const listener = await MosquittoSub.start(t, broker.port, '#');
  const will = { topic: 'task/status/a', payload: Buffer.from('forged will'), qos: 1, retain: false } as const;
  const browser = await Subscriber.connect(t, url, { will });
  browser.client.publish('task/status/a', 'forged');
  await browser.cut();
  await mosquittoPub(broker.port, 'task/status/real', 'real');
  assert.deepEqual(await listener.gets(1), ['task/status/real real']);
  assert.equal(bridge.stats().refused.publishes, 2);
});

for (const protocolVersion of [4, 5] as const) {
  test(`MQTT ${protocolVersion}: what else is on the broker cannot be subscribed to`, async (t) => {
    const broker = await Mosquitto.start(t);
    const { bridge, url } = await bridgeTo(t, broker.url);
    const browser = await Subscriber.connect(t, url, { protocolVersion });
    const refused = protocolVersion === 4 ? 0x80 : 0x87;
    for (const filter of ['#', '+/#', '$SYS/#', 'home/#', '$share/x/task/#']) {
      const granted = await browser.subscribe(filter).catch((error: { code?: number }) => [error.code]);
      assert.deepEqual(granted, [refused], filter);
    }
    assert.equal(bridge.stats().refused.subscriptions, 5);
    assert.deepEqual(await browser.subscribe('task/#'), [1]);
  });
}

test('no browser can throw out the node itself by taking its client id', async (t) => {
  const broker = await Mosquitto.start(t);
  const { url } = await bridgeTo(t, broker.url);
  const node = await Subscriber.connect(t, broker.url, { clientId: 'task-queue-notifier-n1' });
  const browser = await Subscriber.connect(t, url, { clientId: 'task-queue-notifier-n1' });
  await browser.subscribe('task/#');
  assert.equal(node.client.connected, true);
});

test('a broker that is away is said so, and its death ends the connection', async (t) => {
  const broker = await Mosquitto.prepare(t);
  const { url } = await bridgeTo(t, broker.url);
  await assert.rejects(connectAsync(url, { reconnectPeriod: 0 }), /Server unavailable/);
  await broker.start();
  const browser = await Subscriber.connect(t, url);
  await browser.subscribe('task/#');
  await broker.kill();
  await browser.cut();
});

test('a browser that does not read is cut off and holds no memory', { timeout: 60_000 }, async (t) => {
  const broker = await Mosquitto.start(t);
  const { bridge, url } = await bridgeTo(t, broker.url, { limits: { catchUpMs: 500 } });
  const healthy = await Subscriber.connect(t, url);
  await healthy.subscribe('task/#', 0);
  const frozen = new WebSocket(url, ['mqtt']);
  frozen.on('error', () => {});
  await once(frozen, 'open');
  frozen.send(Buffer.from([...CONNECT, 0x82, 11, 0, 1, 0, 6, ...Buffer.from('task/#'), 0]));
  await once(frozen, 'message');
  frozen.pause();
  const source = await connectAsync(broker.url);
  t.after(() => source.end(true));
  const payload = 'x'.repeat(50_000);
  for (let i = 0; i < 400; i++) await source.publishAsync('task/status/a', payload, { qos: 1 });
  await until('the frozen one was cut off', () => bridge.stats().refused.slowClients === 1);
  await healthy.gets(400);
  await until('only the healthy one is left', () => bridge.stats().clients === 1);
});

test('garbage, oversized packets and silence end their own connection only', async (t) => {
  const broker = await Mosquitto.start(t);
  const { bridge, url } = await bridgeTo(t, broker.url, { limits: { connectMs: 300 } });
  const bystander = await Subscriber.connect(t, url);
  await bystander.subscribe('task/#');
  const send = async (...bytes: readonly number[]): Promise<void> => {
    const socket = new WebSocket(url, ['mqtt']);
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('open', resolve));
    if (bytes.length > 0) socket.send(Buffer.from(bytes));
    await new Promise((resolve) => socket.once('close', resolve));
  };
  await send();
  await send(0);
  await send(0xc0, 0);
  await send(0x10, 0xff, 0xff, 0xff, 0x7f);
  await send(0x10, 3, 0, 4, 0x4d);
  await send(...CONNECT, 0x20, 2, 0, 0);
  await send(...CONNECT, 0x82, 3, 0, 1, 9);
  await send(...CONNECT, 0xf0, 0);
  const { oversizedPackets, malformedPackets } = bridge.stats().refused;
  assert.deepEqual({ oversizedPackets, malformedPackets }, { oversizedPackets: 1, malformedPackets: 6 });
  await mosquittoPub(broker.port, 'task/status/a', 'still here');
  await bystander.gets(1);
});

// The broker in the process, as its clients see it: real sockets, the real client library, and clients that misbehave.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import { EmbeddedBroker } from '../../../src/adapters/mqtt/embedded-broker.ts';
import { ListenError } from '../../../src/adapters/mqtt/tcp-listener.ts';
import { type Logger, SILENT } from '../../../src/ports/logger.ts';
import { anyone, BASES, connectPacket, RawClient, Subscriber, serveUpgrades, startBroker, until } from './scene.ts';

const message = (id: string, payload = id): { topic: string; payload: string } => ({
  topic: `task/status/${id}`,
  payload,
});
const many = (count: number): { topic: string; payload: string }[] =>
  Array.from({ length: count }, (_, index) => message(String(index)));

test('a subscriber gets what is published, in order, over TCP and over WebSocket', async (t) => {
  const { broker, url } = await startBroker(t);
  const address = await serveUpgrades(t, broker);
  for (const where of [url, `ws://${address}/mqtt`]) {
    const subscriber = await Subscriber.connect(t, where);
    assert.deepEqual(await subscriber.subscribe('task/status/+'), [1]);
    await broker.publish(many(2000));
    await subscriber.gets(2000);
    assert.deepEqual(
      subscriber.received,
      many(2000).map(({ topic, payload }) => `${topic} ${payload}`),
    );
    await subscriber.client.endAsync();
  }
});

for (const qos of [0, 1, 2] as const) {
  test(`a subscription of QoS 2 gets messages at the QoS they are published with: ${qos}`, async (t) => {
    const { broker, url } = await startBroker(t, { qos });
    const subscriber = await Subscriber.connect(t, url);
    const seen: number[] = [];
    subscriber.client.on('message', (_topic, _payload, packet) => seen.push(packet.qos));
    await subscriber.subscribe('task/#', 2);
    await broker.publish(many(3));
    await subscriber.gets(3);
    assert.deepEqual(seen, [qos, qos, qos]);
  });
}

test('the QoS of a subscription caps the QoS of its messages', async (t) => {
  const { broker, url } = await startBroker(t, { qos: 2 });
  const subscriber = await Subscriber.connect(t, url);
  const seen: number[] = [];
  subscriber.client.on('message', (_topic, _payload, packet) => seen.push(packet.qos));
  await subscriber.subscribe('task/#', 0);
  await broker.publish([message('a')]);
  await subscriber.gets(1);
  assert.deepEqual(seen, [0]);
});

test('there is an audience while anybody subscribes, and only then', async (t) => {
  const { broker, url } = await startBroker(t);
  assert.equal(broker.hasAudience(), false);
  const subscriber = await Subscriber.connect(t, url);
  assert.equal(broker.hasAudience(), false);
  await subscriber.subscribe('task/#');
  assert.equal(broker.hasAudience(), true);
  await subscriber.client.unsubscribeAsync('task/#');
  await until('no audience after unsubscribing', () => !broker.hasAudience());
  await subscriber.subscribe('task/#');
  subscriber.client.end(true);
  await until('no audience after the client has gone', () => !broker.hasAudience());
});

test('a message that nobody subscribed to costs no delivery', async (t) => {
  const { broker, url } = await startBroker(t);
  const subscriber = await Subscriber.connect(t, url);
  await subscriber.subscribe('task/status/mine');
  await broker.publish([...many(1000), message('mine')]);
  await subscriber.gets(1);
  assert.equal(broker.stats().published, 1);
});

test('"#" is granted and gets our messages only, nothing of the broker itself', async (t) => {
  const { broker, url } = await startBroker(t);
  const subscriber = await Subscriber.connect(t, url);
  assert.deepEqual(await subscriber.subscribe('#'), [1]);
  const other = await Subscriber.connect(t, url);
  await other.subscribe('task/#');
  await other.client.endAsync();
  await broker.publish([message('a')]);
  await subscriber.gets(1);
  assert.deepEqual(subscriber.received, ['task/status/a a']);
});

test('filters that reach beyond our topics are refused one by one and counted', async (t) => {
  const { broker, url } = await startBroker(t);
  const subscriber = await Subscriber.connect(t, url);
  const granted = await subscriber.subscribe(['$SYS/#', 'task/#', 'home/+/temperature', 'task/statuses/#']);
  assert.deepEqual(granted, [128, 1, 128, 128]);
  assert.equal(broker.stats().refused.subscriptions, 3);
});

test('a client can hold only so many subscriptions', async (t) => {
  const { broker, url } = await startBroker(t, { limits: { subscriptionsPerClientMax: 3 } });
  const subscriber = await Subscriber.connect(t, url);
  const granted = await subscriber.subscribe(['a', 'b', 'c', 'd'].map((id) => `task/status/${id}`));
  assert.deepEqual(granted, [1, 1, 1, 128]);
  await subscriber.client.unsubscribeAsync('task/status/a');
  assert.deepEqual(await subscriber.subscribe('task/status/d'), [1]);
  assert.equal(broker.stats().subscriptions, 3);
});

test('a forged message reaches nobody, ends the connection of its sender, and is counted', async (t) => {
  const { broker, url } = await startBroker(t);
  const subscriber = await Subscriber.connect(t, url);
  await subscriber.subscribe('#');
  for (const [index, qos] of ([0, 1, 2] as const).entries()) {
    const forger = await Subscriber.connect(t, url);
    const topic = ['task/status/a', 'task/progress/a', 'anything/else'][index] ?? '';
    forger.client.publish(topic, '{"status":"success"}', { qos }, () => {});
    await forger.cut();
  }
  await broker.publish([message('real')]);
  assert.deepEqual(await subscriber.gets(1), ['task/status/real real']);
  assert.equal(broker.stats().refused.publishes, 3);
});

test('a last will is not published', async (t) => {
  const { broker, url } = await startBroker(t);
  const subscriber = await Subscriber.connect(t, url);
  await subscriber.subscribe('#');
  const will = { topic: 'task/status/a', payload: Buffer.from('forged'), qos: 1, retain: true } as const;
  const forger = await Subscriber.connect(t, url, { will });
  forger.client.stream.destroy();
  await until('the forger is gone', () => broker.stats().clients === 1);
  await broker.publish([message('real')]);
  assert.deepEqual(await subscriber.gets(1), ['task/status/real real']);
  assert.equal(broker.stats().refused.publishes, 1);
});

test('with keys, only a client with a valid one as password gets in', async (t) => {
  const { broker, url } = await startBroker(t, { access: 'keys', mayRead: async (key) => key === 'secret' });
  await assert.rejects(connectAsync(url, { reconnectPeriod: 0 }), /Not authorized/);
  await assert.rejects(
    connectAsync(url, { reconnectPeriod: 0, username: 'x', password: 'wrong' }),
    /Bad username or password/,
  );
  assert.equal(broker.stats().refused.credentials, 2);
  const subscriber = await Subscriber.connect(t, url, { username: 'x', password: 'secret' });
  assert.deepEqual(await subscriber.subscribe('task/#'), [1]);
});

test('a permission check that fails lets nobody in and does not end the process', async (t) => {
  const mayRead = (): never => {
    throw new Error('the key store is broken');
  };
  const { url } = await startBroker(t, { mayRead });
  await assert.rejects(connectAsync(url, { reconnectPeriod: 0 }), /Server unavailable/);
});

test('before a client is let in it can subscribe to nothing', async (t) => {
  const { broker, port } = await startBroker(t, { access: 'keys', mayRead: () => false });
  const raw = await RawClient.connect(t, port);
  const subscribe = Buffer.from([0x82, 11, 0, 1, 0, 6, ...Buffer.from('task/#'), 1]);
  raw.send(connectPacket('x'), subscribe);
  await raw.ended;
  assert.deepEqual([...raw.got], [0x20, 2, 0, 5]);
  assert.equal(broker.hasAudience(), false);
});

test('only so many clients are let in', async (t) => {
  const { broker, url } = await startBroker(t, { limits: { clientsMax: 2 } });
  const first = await Subscriber.connect(t, url);
  await Subscriber.connect(t, url);
  await assert.rejects(connectAsync(url, { reconnectPeriod: 0 }), /Server unavailable/);
  assert.equal(broker.stats().refused.connections, 1);
  await first.client.endAsync();
  await until('the first is gone', () => broker.stats().clients === 1);
  await Subscriber.connect(t, url);
});

test('a client that says nothing is cut', async (t) => {
  const { port } = await startBroker(t, { limits: { connectMs: 100 } });
  const raw = await RawClient.connect(t, port);
  await raw.ended;
});

test('an announcement of a huge packet ends the connection before its body is read', async (t) => {
  const { broker, port } = await startBroker(t);
  const raw = await RawClient.connect(t, port);
  raw.send(connectPacket('x'));
  await until('CONNACK', () => raw.got.length === 4);
  raw.send([0x30, 0xff, 0xff, 0xff, 0x7f]);
  await raw.ended;
  assert.equal(broker.stats().refused.oversizedPackets, 1);
});

test('garbage in every shape ends its own connection and nothing else', { timeout: 60_000 }, async (t) => {
  const { broker, url, port } = await startBroker(t, { limits: { connectMs: 200 } });
  const bystander = await Subscriber.connect(t, url);
  await bystander.subscribe('task/#');
  const connectBytes = connectPacket('fuzz');
  const garbage: Buffer[] = [];
  for (let i = 0; i < 150; i++) garbage.push(randomBytes(1 + (i % 64)));
  for (let type = 0; type < 16; type++) {
    for (const flags of [0, 2, 6, 15]) {
      for (const length of [0, 1, 2, 5, 12]) {
        garbage.push(Buffer.concat([connectBytes, Buffer.from([(type << 4) | flags, length]), randomBytes(length)]));
      }
    }
  }
  for (let i = 0; i < connectBytes.length; i++) {
    const bent = Buffer.from(connectBytes);
    bent[i] = (bent[i] ?? 0) ^ (1 + Math.floor(Math.random() * 255));
    garbage.push(bent, connectBytes.subarray(0, i));
  }
  garbage.push(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  for (const bytes of garbage) {
    const raw = await RawClient.connect(t, port);
    raw.send(bytes);
    raw.socket.end();
    await raw.ended;
  }
  await until('only the bystander is left', () => broker.stats().clients === 1);
  await broker.publish([message('a')]);
  await bystander.gets(1);
});

test('malformed packets inside a WebSocket, text frames and oversized frames end that WebSocket and are counted', async (t) => {
  const { broker } = await startBroker(t);
  const address = await serveUpgrades(t, broker);
  const send = async (bytes: string | Buffer): Promise<void> => {
    const socket = new WebSocket(`ws://${address}/mqtt`, ['mqtt']);
    socket.on('error', () => {});
    await once(socket, 'open');
    socket.send(bytes);
    await once(socket, 'close');
  };
  await send('text');
  await send(Buffer.alloc(100_000));
  await send(Buffer.from([0x00, 0x01]));
  const { malformedPackets, oversizedPackets } = broker.stats().refused;
  assert.deepEqual({ malformedPackets, oversizedPackets }, { malformedPackets: 2, oversizedPackets: 1 });
});

test('WebSocket: other paths are not ours; without the subprotocol there is no connection', async (t) => {
  const { broker } = await startBroker(t);
  const address = await serveUpgrades(t, broker);
  const tryTo = async (path: string, protocols: string[], headers = {}): Promise<string> => {
    const socket = new WebSocket(`ws://${address}${path}`, protocols, { headers });
    const outcome = await new Promise<string>((resolve) => {
      socket.on('open', () => resolve(`open ${socket.protocol}`));
      socket.on('error', (error) => resolve(error.message));
    });
    socket.terminate();
    return outcome;
  };
  assert.equal(await tryTo('/mqtt', ['mqtt']), 'open mqtt');
  assert.equal(await tryTo('/mqtt?x=1', ['other', 'mqtt']), 'open mqtt');
  assert.match(await tryTo('/other', ['mqtt']), /socket hang up/);
  assert.match(await tryTo('/mqtt', []), /400/);
  assert.match(await tryTo('/mqtt', ['other']), /400/);
});

test('without keys, pages of other sites cannot listen; with keys the key decides', async (t) => {
  const origins = ['https://evil.example', 'null', 'http://localhost:5173', undefined];
  const outcomes: Record<string, string[]> = {};
  for (const access of ['open', 'keys'] as const) {
    const { broker } = await startBroker(t, { access });
    const address = await serveUpgrades(t, broker);
    outcomes[access] = [];
    for (const origin of [...origins, `http://${address}`]) {
      const socket = new WebSocket(`ws://${address}/mqtt`, ['mqtt'], origin === undefined ? {} : { origin });
      const outcome = await new Promise<string>((resolve) => {
        socket.on('open', () => resolve('open'));
        socket.on('error', (error) => resolve(/403/.test(error.message) ? '403' : error.message));
      });
      outcomes[access].push(outcome);
      socket.terminate();
    }
  }
  assert.deepEqual(outcomes, { open: ['403', '403', 'open', 'open', 'open'], keys: Array(5).fill('open') });
});

test('a WebSocket whose other end is dead is ended', async (t) => {
  const { broker } = await startBroker(t, { limits: { webSocketPingMs: 50 } });
  const address = await serveUpgrades(t, broker);
  const alive = await Subscriber.connect(t, `ws://${address}/mqtt`);
  const dead = new WebSocket(`ws://${address}/mqtt`, ['mqtt'], { autoPong: false });
  dead.on('error', () => {});
  await once(dead, 'close');
  assert.equal(alive.client.connected, true);
});

test('a client that does not read is cut off; the others get everything', { timeout: 30_000 }, async (t) => {
  const { broker, url, port } = await startBroker(t, { limits: { unsentBytesMax: 100_000, catchUpMs: 300 } });
  const healthy = await Subscriber.connect(t, url);
  await healthy.subscribe('task/#');
  const frozen = await RawClient.connect(t, port);
  frozen.send(connectPacket('frozen'), [0x82, 11, 0, 1, 0, 6, ...Buffer.from('task/#'), 0]);
  await until('both are subscribed', () => broker.stats().subscriptions === 2);
  frozen.socket.pause();
  const payload = 'x'.repeat(10_000);
  for (let i = 0; i < 30; i++) {
    await broker.publish(Array.from({ length: 100 }, (_, k) => message(`${i}-${k}`, payload)));
  }
  await healthy.gets(3000);
  await until('the frozen client is gone', () => broker.stats().clients === 1);
  assert.equal(broker.stats().refused.slowClients, 1);
});

test('a client with a lasting session gets what it missed, and is no audience after it cleaned up', async (t) => {
  const { broker, url } = await startBroker(t);
  const options = { clientId: 'lasting', clean: false };
  const first = await Subscriber.connect(t, url, options);
  await first.subscribe('task/#');
  await first.client.endAsync();
  await until('it is gone', () => broker.stats().clients === 0);
  assert.equal(broker.hasAudience(), true);
  await broker.publish(many(3));
  const again = await Subscriber.connect(t, url, options);
  await broker.publish([message('live')]);
  // What is published while the session is being told may come twice.
  const told = (): Set<string> => new Set(again.received);
  await until('it has all of them', () => told().size === 4);
  assert.deepEqual(told(), new Set(['0', '1', '2', 'live'].map((id) => `task/status/${id} ${id}`)));
  await again.client.endAsync();
  await until('it is gone again', () => broker.stats().clients === 0);
  const third = await Subscriber.connect(t, url, options);
  await broker.publish([message('later')]);
  await third.gets(1);
  assert.deepEqual(
    new Set(third.received),
    new Set(['task/status/later later']),
    'what it acknowledged does not come again',
  );
  await third.client.endAsync();
  const clean = await Subscriber.connect(t, url, { clientId: 'lasting', clean: true });
  assert.equal(broker.hasAudience(), false);
  await clean.client.endAsync();
});

test('a second connection with the same client id takes over', async (t) => {
  const { broker, url } = await startBroker(t);
  const first = await Subscriber.connect(t, url, { clientId: 'same' });
  const closed = first.cut();
  const second = await Subscriber.connect(t, url, { clientId: 'same' });
  await closed;
  await second.subscribe('task/#');
  await broker.publish([message('a')]);
  await second.gets(1);
});

test('a default port that is taken gives way to the next free one, and says so', async (t) => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
  });
  t.after(() => taken.close());
  const warnings: string[] = [];
  const logger: Logger = { ...SILENT, warn: (text) => warnings.push(text) };
  const listen = { host: '127.0.0.1', port, origin: 'default' } as const;
  const { broker, url } = await startBroker(t, { listen, logger });
  assert.notEqual(broker.address?.port, port);
  assert.deepEqual(warnings, [
    `MQTT port ${port} is taken; the embedded broker listens on ${broker.address?.port} instead`,
  ]);
  await Subscriber.connect(t, url);
});

test('a port that was set by hand and is taken is an error that names the setting', async (t) => {
  const { port } = await startBroker(t);
  await assert.rejects(
    EmbeddedBroker.start({
      listen: { host: '127.0.0.1', port, origin: 'set' },
      bases: BASES,
      qos: 1,
      mayRead: anyone,
      access: 'open',
      clock: systemClock,
      logger: SILENT,
    }),
    (error: unknown) => error instanceof ListenError && /^mqtt\.listen: .*another program/.test(error.message),
  );
});

test('without a TCP listener WebSocket still works', async (t) => {
  const { broker } = await startBroker(t, { listen: null });
  assert.equal(broker.address, null);
  const address = await serveUpgrades(t, broker);
  const subscriber = await Subscriber.connect(t, `ws://${address}/mqtt`);
  await subscriber.subscribe('task/#');
  await broker.publish([message('a')]);
  await subscriber.gets(1);
});

test('what was published before the end still arrives; then clients are disconnected and nothing is taken any more', async (t) => {
  const { broker, url } = await startBroker(t);
  const subscriber = await Subscriber.connect(t, url);
  await subscriber.subscribe('task/#');
  const payload = 'x'.repeat(3000);
  await broker.publish(many(300).map(({ topic }) => ({ topic, payload })));
  await broker.close();
  await subscriber.cut();
  assert.equal(subscriber.received.length, 300);
  await assert.rejects(broker.publish([message('late')]));
  assert.equal(broker.health().status, 'down');
});

// A broker that asks for a login dies while nodes log in: nobody dies with it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { eventually, post } from '../e2e/http.ts';
import { Cluster } from '../faults-redis/cluster.ts';
import { KafkaServer } from '../kafka-server.ts';

/** As a broker does that dies in the middle of logins. Resolves when it has hung up on some. */
async function hangUp(port: number): Promise<void> {
  let hungUp = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      hungUp += 1;
      socket.resetAndDestroy();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  try {
    await eventually(
      async () => hungUp,
      (count) => count >= 5,
      60_000,
    );
  } finally {
    server.close();
  }
}

it('a broker with logins that is killed again and again takes no node with it', { timeout: 240_000 }, async (t) => {
  const login = { username: 'xqueue', password: 'secret' };
  const kafka = await KafkaServer.start({ login });
  t.after(() => kafka.stop());
  const who = ['--kafka-sasl', 'scram-sha-256', '--kafka-username', login.username, '--kafka-password', login.password];
  const args = ['--kafka-brokers', kafka.broker, ...who, '--kafka-delivery-timeout', '3s', '--mqtt-broker', 'off'];
  const cluster = await Cluster.start(t, { args });
  const a = await cluster.server('a');
  const submit = async (): Promise<number> => (await post(`${a.url}/tasks`, '{"type":"quick"}')).status;
  for (let kill = 0; kill < 2; kill++) {
    assert.equal(await submit(), 201);
    await kafka.kill();
    const [refused] = await Promise.all([submit(), hangUp(kafka.port)]);
    assert.equal(refused, 503);
    await kafka.run();
    await eventually(submit, (status) => status === 201, 60_000);
  }
  assert.equal(cluster.members.length, 1, a.err());
});

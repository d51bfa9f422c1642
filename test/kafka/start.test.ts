// The first start makes the topics; what is wrong with Kafka is one message that names the setting.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { StartError } from '../../src/config/start-error.ts';
import { getTask, post, type Task } from '../e2e/http.ts';
import { KafkaServer } from '../kafka-server.ts';
import { Installation, startServers } from './scene.ts';

const servers = await startServers();
const echo = { type: 'echo', handle: async () => 1 };

async function runs(place: Installation, kafka: object): Promise<void> {
  const node = await place.node({ handlers: [echo], kafka });
  const { id } = (await (await post(`${node.url}/tasks`, '{"type":"echo"}')).json()) as Task;
  assert.equal((await getTask(node.url, id, '?wait=30')).status, 'success');
}

const isStartError = (setting: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StartError, String(error));
  assert.match(error.message, message);
  assert.equal(error.setting, setting, error.message);
  return true;
};

void describe('the first start', () => {
  void it('makes the topics as the settings say', async () => {
    await using place = new Installation(servers);
    await place.node({ kafka: { partitions: 5, retention: '14d', topicConfig: ['compression.type=lz4'] } });
    const topics = await servers.kafka.tool('topics', '--describe');
    const lineOf = (name: string) => topics.split('\n').find((line) => line.startsWith(`Topic: ${name}\t`)) ?? '';
    assert.match(lineOf(place.topic), /PartitionCount: 5\tReplicationFactor: 1\t/);
    assert.match(lineOf(place.topic), /compression\.type=lz4/);
    assert.match(lineOf(place.topic), /retention\.ms=1209600000/);
    assert.match(lineOf(`${place.topic}.events`), /PartitionCount: 5\t.*retention\.ms=1814400000/);
    assert.match(lineOf(`${place.topic}.rejected`), /PartitionCount: 1\t/);
  });

  void it('leaves topics that are there as they are', async () => {
    await using place = new Installation(servers);
    await servers.kafka.tool('topics', '--create', '--topic', place.topic, '--partitions', '2');
    await runs(place, { partitions: 7 });
    const topics = await servers.kafka.tool('topics', '--describe', '--topic', place.topic);
    assert.match(topics, /PartitionCount: 2\t/);
  });

  void it('says so when there are fewer brokers than copies', async () => {
    await using place = new Installation(servers);
    await assert.rejects(
      place.node({ kafka: { replication: 3 } }),
      isStartError('kafka.replication', /cannot be made/),
    );
  });

  void it('says so when nobody answers', async () => {
    await using place = new Installation(servers);
    await assert.rejects(
      place.node({ kafka: { brokers: ['127.0.0.1:9'] } }),
      isStartError('kafka.brokers', /127\.0\.0\.1:9.*ECONNREFUSED/),
    );
  });
});

void describe('a Kafka that asks who comes', () => {
  const login = { username: 'queue', password: 'pa$$ word' };
  const secured = KafkaServer.start({ login, tls: 'on' });
  after(async () => (await secured).stop());

  for (const sasl of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
    void it(`is used with ${sasl} and TLS, and refuses a wrong password`, async () => {
      const kafka = await secured;
      await using place = new Installation({ ...servers, kafka });
      const settings = { ...login, sasl, tls: true, tlsCa: kafka.certificateFile };
      await runs(place, settings);
      const wrong = place.node({ kafka: { ...settings, password: 'wrong' } });
      await assert.rejects(wrong, isStartError('kafka.password', /./));
    });
  }

  void it('is not trusted when its certificate is not', async () => {
    const kafka = await secured;
    await using place = new Installation({ ...servers, kafka });
    const settings = { ...login, sasl: 'plain', tls: true } as const;
    await assert.rejects(place.node({ kafka: settings }), isStartError('kafka.tls_ca', /certificate/));
    const tlsCa = join(kafka.folder, 'none.pem');
    await assert.rejects(place.node({ kafka: { ...settings, tlsCa } }), isStartError('kafka.tls_ca', /cannot read/));
    await runs(place, { ...settings, tlsInsecure: true });
  });
});

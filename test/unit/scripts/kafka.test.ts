// What the broker of `npm run kafka` and of the tests is told.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BrokerSettings, brokerProperties, propertiesFile } from '../../../scripts/kafka/broker-settings.ts';
import { dockerArguments } from '../../../scripts/kafka/docker.ts';

const settings: BrokerSettings = {
  host: '127.0.0.1',
  port: 9092,
  internalPort: 9093,
  controllerPort: 9094,
  dataFolder: '/data',
};

void describe('the broker', () => {
  void it('listens for clients where it says, and for nobody else but itself', () => {
    const properties = brokerProperties(settings);
    assert.match(properties['listeners'] ?? '', /^CLIENT:\/\/127\.0\.0\.1:9092,INTERNAL:\/\/127\.0\.0\.1:9093,/);
    assert.match(properties['listener.security.protocol.map'] ?? '', /^CLIENT:PLAINTEXT,/);
  });

  void it('asks clients for a login and TLS, and never itself', () => {
    const login = { username: 'me', password: 'a"b\\c' };
    const properties = brokerProperties({ ...settings, login, identityFile: '/id.pem' });
    assert.equal(
      properties['listener.security.protocol.map'],
      'CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    );
    const jaas = properties['listener.name.client.plain.sasl.jaas.config'] ?? '';
    assert.match(jaas, /user_me="a\\"b\\\\c";$/);
    // The file's own escapes come on top.
    assert.match(propertiesFile({ one: 'a\\b' }), /^one=a\\\\b$/m);
  });

  void it('can be told anything else', () => {
    const properties = brokerProperties({ ...settings, properties: { 'num.io.threads': '8' } });
    assert.equal(properties['num.io.threads'], '8');
  });

  void it('in Docker is told the same, listens to the outside of its container only, and keeps its data outside', () => {
    const args = dockerArguments(settings);
    const env = args.filter((_, index) => args[index - 1] === '--env');
    assert.ok(
      env.includes('KAFKA_LISTENERS=CLIENT://0.0.0.0:9092,INTERNAL://127.0.0.1:9093,CONTROLLER://127.0.0.1:9094'),
    );
    assert.ok(env.includes('KAFKA_ADVERTISED_LISTENERS=CLIENT://127.0.0.1:9092,INTERNAL://127.0.0.1:9093'));
    assert.equal(env.length, Object.keys(brokerProperties(settings)).length);
    assert.deepEqual(args.slice(3, 7), ['--publish', '127.0.0.1:9092:9092', '--volume', '/data:/tmp/kafka-data']);
    assert.match(args.at(-1) ?? '', /^apache\/kafka:\d+\.\d+\.\d+$/);
  });
});

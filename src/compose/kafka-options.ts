// Kafka, from the configuration to what the adapter takes.
import { readFileSync } from 'node:fs';
import type { KafkaAddress, KafkaTls, SaslMechanism } from '../adapters/kafka/open.ts';
import type { Config } from '../config/config.ts';
import type { SettingPath } from '../config/settings.ts';
import { StartError } from '../config/start-error.ts';

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const satisfies Record<string, SaslMechanism>;

/** Whether tasks go through Kafka. */
export function hasLog({ kafka }: Config): boolean {
  return kafka.brokers.length > 0;
}

/** @throws StartError when a file with certificates cannot be read */
export function kafkaAddress({ kafka }: Config, nodeId: string): KafkaAddress {
  const { brokers, sasl, username, password } = kafka;
  return {
    brokers,
    clientId: `xqueue-${nodeId}`,
    tls: kafka.tls ? tlsOf(kafka) : null,
    sasl: sasl === 'off' ? null : { mechanism: MECHANISMS[sasl], username, password },
  };
}

/** What the topics are to be like that are made with the first start. */
export function topicSettings({ kafka }: Config) {
  const { topic, partitions, replication, retentionMs, topicConfig } = kafka;
  const config = topicConfig.map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  const copies = replication === 0 ? null : replication;
  return { topic, partitions, replication: copies, retentionMs, config: Object.fromEntries(config) };
}

/** The setting a person would look at first when Kafka cannot be used. */
export function kafkaSetting({ kafka }: Config, message: string): SettingPath {
  if (/replication/i.test(message)) return 'kafka.replication';
  if (/authenticat|sasl/i.test(message)) return kafka.sasl === 'off' ? 'kafka.sasl' : 'kafka.password';
  if (/certificate|TLS|SSL|self.signed/i.test(message)) return 'kafka.tls_ca';
  return 'kafka.brokers';
}

function tlsOf({ tlsCa, tlsCert, tlsKey, tlsInsecure }: Config['kafka']): KafkaTls {
  return {
    verify: tlsInsecure ? 'never' : 'always',
    ...(tlsCa === null ? {} : { ca: read('kafka.tls_ca', tlsCa) }),
    ...(tlsCert === null ? {} : { cert: read('kafka.tls_cert', tlsCert) }),
    ...(tlsKey === null ? {} : { key: read('kafka.tls_key', tlsKey) }),
  };
}

function read(setting: SettingPath, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(setting, `cannot read ${file}`, { cause: error });
  }
}

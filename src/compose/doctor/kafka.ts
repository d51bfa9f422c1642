// Kafka: whether its brokers are there, and whether its topics keep accepted tasks as they must. Without it nothing can be submitted.

import type { Config } from '../../config/config.ts';
import { parseHostPort } from '../../config/host-port.ts';
import { StartError } from '../../config/start-error.ts';
import type { Clock } from '../../ports/clock.ts';
import { hasLog, kafkaAddress, kafkaSetting } from '../kafka-options.ts';
import { type Finding, textOf } from './finding.ts';
import { whyNotReachable } from './reachable.ts';

export async function checkKafka(config: Config, clock: Clock): Promise<Finding[]> {
  if (!hasLog(config)) return [];
  const brokers = await checkBrokers(config, clock);
  const isUsable = brokers.some(({ status }) => status === 'ok');
  if (!isUsable) return brokers.map((finding) => ({ ...finding, status: 'error' }));
  return [...brokers, ...(await checkCluster(config))];
}

function checkBrokers({ kafka }: Config, clock: Clock): Promise<Finding[]> {
  return Promise.all(
    kafka.brokers.map(async (address): Promise<Finding> => {
      const check = `kafka ${address}`;
      const { host, port } = parseHostPort(address) ?? { host: address, port: 9092 };
      const why = await whyNotReachable(host, port, clock);
      if (why === null) return { check, status: 'ok', detail: 'Accepts connections.' };
      return { check, status: 'warning', detail: `kafka.brokers: cannot be reached (${textOf(why)})` };
    }),
  );
}

async function checkCluster(config: Config): Promise<Finding[]> {
  try {
    const address = kafkaAddress(config, 'doctor');
    const { checkKafka: ask } = await import('../../adapters/kafka/checks.ts');
    const checks = await ask(address, { topic: config.kafka.topic, keptMs: config.queue.retentionMs });
    return checks.map(({ name, status, message }): Finding => {
      const setting = status === 'error' ? `${kafkaSetting(config, message)}: ` : '';
      return { check: `kafka ${name}`, status, detail: `${setting}${message}` };
    });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ check: 'kafka', status: 'error', detail: error.message, fault: 'given' }];
  }
}

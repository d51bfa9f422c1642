// What single values cannot show: settings that contradict each other, and a server that would be open to the world.

import { formatDuration } from '../domain/duration.ts';
import type { Config } from './config.ts';
import { isLoopback, parseHostPort } from './host-port.ts';
import type { Problem } from './problem.ts';
import type { SettingPath } from './settings.ts';

/** The store that `auto` means for this configuration. */
export function storeOf({ store, redis }: Config): 'embedded' | 'redis' {
  if (store !== 'auto') return store;
  return redis.addr !== null || redis.sentinel !== null ? 'redis' : 'embedded';
}

/** Whether this node serves HTTP. */
export function servesHttp({ node }: Config): boolean {
  return node.role !== 'worker';
}

export function crossChecks(
  config: Config,
  sourceOf: (path: SettingPath) => string,
  http: 'on' | 'off' | 'by role',
): Problem[] {
  const { queue, redis, server, mqtt, auth } = config;
  const problems: Problem[] = [];
  const report = (name: SettingPath, message: string) => problems.push({ name, source: sourceOf(name), message });

  if (queue.leaseMs <= queue.heartbeatIntervalMs) {
    const [lease, heartbeat] = [queue.leaseMs, queue.heartbeatIntervalMs].map(formatDuration);
    report('queue.lease', `must be longer than queue.heartbeat_interval (${heartbeat}), is ${lease}`);
  }
  if (redis.sentinel !== null && redis.cluster) report('redis.cluster', 'cannot be used together with redis.sentinel');
  if (redis.sentinel !== null && redis.addr !== null) {
    report('redis.addr', 'cannot be used together with redis.sentinel, which says where the server is');
  }
  if (redis.minIdleConns > redis.poolSize) {
    report('redis.min_idle_conns', `must not be more than redis.pool_size (${redis.poolSize})`);
  }
  if (config.kafka.brokers.length > 0 && storeOf(config) !== 'redis') {
    report('kafka.brokers', 'needs the Redis store: set redis.addr');
  }

  const { kafka } = config;
  if (kafka.sasl !== 'off' && kafka.username === '') report('kafka.sasl', 'needs kafka.username');
  if ((kafka.tlsCert === null) !== (kafka.tlsKey === null)) {
    report(kafka.tlsCert === null ? 'kafka.tls_key' : 'kafka.tls_cert', 'needs kafka.tls_cert and kafka.tls_key, both');
  }

  if (auth.keys.length === 0 && !server.insecure) {
    const open = (address: string) =>
      `${address} can be reached from other machines, and without auth.keys everybody there may do everything: ` +
      'make a key with `xqueue auth new-key`, or set server.insecure';
    const isOn = http === 'by role' ? servesHttp(config) : http === 'on';
    if (isOn && !isLoopback(server.host)) report('server.host', open(server.host));
    const listener = mqtt.broker === 'embedded' ? parseHostPort(mqtt.listen) : null;
    if (listener !== null && !isLoopback(listener.host)) report('mqtt.listen', open(mqtt.listen));
  }
  return problems;
}

// The Redis server: whether it answers, and whether it can be trusted with tasks. Loaded only when Redis is configured.
import { checkRedis } from '../../adapters/redis/open.ts';
import type { Config } from '../../config/config.ts';
import type { Clock } from '../../ports/clock.ts';
import { redisAddress, redisSetting } from '../redis-address.ts';
import { type Finding, textOf } from './finding.ts';

export async function checkRedisStore(config: Config, clock: Clock): Promise<Finding[]> {
  if (config.redis.cluster) {
    const detail = 'redis.cluster: a Redis Cluster cannot be used yet.';
    return [{ check: 'store', status: 'error', detail, fault: 'given' }];
  }
  const { addr, sentinel } = config.redis;
  const where = sentinel === null ? addr : `${sentinel} (Sentinel)`;
  try {
    const startedAt = clock.monotonic();
    const checks = await checkRedis(redisAddress(config), clock);
    const tookMs = Math.round(clock.monotonic() - startedAt);
    return [
      { check: 'store', status: 'ok', detail: `Redis answers at ${where}; connected and asked in ${tookMs} ms.` },
      ...checks.map(({ name, status, message }): Finding => ({ check: `store ${name}`, status, detail: message })),
    ];
  } catch (error) {
    return [{ check: 'store', status: 'error', detail: `${redisSetting(config, error)}: ${textOf(error)}` }];
  }
}

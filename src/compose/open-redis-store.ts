// Opens the Redis store. Loaded only when Redis is configured: this file brings the client library with it.
import { openRedisStore, RedisRefused } from '../adapters/redis/open.ts';
import type { Config } from '../config/config.ts';
import { StartError } from '../config/start-error.ts';
import { StoreUnavailable } from '../domain/errors.ts';
import type { Basics } from './basics.ts';
import { hasLog } from './kafka-options.ts';
import type { NodeStore } from './node-store.ts';
import { redisAddress, redisSetting } from './redis-address.ts';
import { storeSettings } from './store-settings.ts';

/** @throws StartError when the server cannot be reached or cannot be trusted with tasks */
export async function openRedis({ config, clock, log }: Basics): Promise<NodeStore> {
  const settings = storeSettings(config);
  try {
    const address = redisAddress(config);
    const logTopic = hasLog(config) ? { logTopic: config.kafka.topic } : {};
    const store = await openRedisStore({ ...address, settings, clock, poolSize: config.redis.poolSize, ...logTopic });
    for (const { name, status, message } of store.checks) if (status === 'warning') log.warn(message, { check: name });
    return store;
  } catch (error) {
    throw startError(config, error);
  }
}

/** Whatever keeps a node from using its Redis is said in one line that names the setting. */
function startError(config: Config, error: unknown): Error {
  const isPlain = error instanceof RedisRefused || error instanceof StoreUnavailable;
  if (isPlain) return new StartError(redisSetting(config, error), plain(error.message), { cause: error });
  if (!(error instanceof Error)) return new Error(String(error));
  if (error.message.startsWith('MOVED ')) {
    const detail = 'this server belongs to a Redis Cluster, which XQueue cannot use yet: give one outside a cluster';
    return new StartError(redisSetting(config, error), detail, { cause: error });
  }
  // An error reply nobody expected at the start, such as that of a proxy or of an ACL: the server said what is wrong.
  const isReply = /^[A-Z]{3,} /.test(error.message);
  return isReply ? new StartError(redisSetting(config, error), error.message, { cause: error }) : error;
}

/** `StartError` puts a bracket behind it. */
function plain(message: string): string {
  return message.replace(/\.$/, '');
}

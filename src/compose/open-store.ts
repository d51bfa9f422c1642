// Opens the store the configuration names. Adapters are loaded when they are needed: a node on SQLite never loads the
// Redis client, and the other way round.
import { storeOf } from '../config/cross-checks.ts';
import { StartError } from '../config/start-error.ts';
import type { Basics } from './basics.ts';
import type { NodeStore } from './node-store.ts';

const CLUSTER = 'a Redis Cluster cannot be used yet; give one server (redis.addr), or several with redis.sentinel';

/** @throws StartError when the data file or the server cannot be used */
export async function openStore(basics: Basics): Promise<NodeStore> {
  if (basics.config.redis.cluster) throw new StartError('redis.cluster', CLUSTER);
  switch (storeOf(basics.config)) {
    case 'embedded':
      return (await import('./open-embedded-store.ts')).openEmbeddedStore(basics);
    case 'redis':
      return (await import('./open-redis-store.ts')).openRedis(basics);
  }
}

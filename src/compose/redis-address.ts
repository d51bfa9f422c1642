// Where Redis is, from the configuration to what the adapter takes.
import type { RedisAddress } from '../adapters/redis/open.ts';
import type { Config } from '../config/config.ts';
import { parseHostPort } from '../config/host-port.ts';
import type { SettingPath } from '../config/settings.ts';

/** Used when only Sentinel knows the address, and never asked then. */
const NOWHERE = { host: '127.0.0.1', port: 6379 };

export function redisAddress({ redis }: Config): RedisAddress {
  const { addr, username, password, db, tls, keyPrefix, sentinel } = redis;
  const [master = '', hosts = ''] = sentinel?.split('@') ?? [];
  const addresses = hosts.split(',').flatMap((host) => parseHostPort(host) ?? []);
  return {
    addr: (addr === null ? null : parseHostPort(addr)) ?? NOWHERE,
    sentinel: sentinel === null ? null : { master, addresses },
    username,
    password,
    db,
    tls,
    keyPrefix,
  };
}

/** The setting a person would look at first when this Redis cannot be used. */
export function redisSetting({ redis }: Config, fault: unknown): SettingPath {
  const message = fault instanceof Error ? fault.message : '';
  if (/redis\.password/.test(message)) return 'redis.password';
  if (/redis\.db|DB index/.test(message)) return 'redis.db';
  return redis.sentinel === null ? 'redis.addr' : 'redis.sentinel';
}

// The Redis store for the conformance suite and the differential test: one real server per test file, emptied for each
// store. All have the same prefix, so that their scripts are loaded once.
import { after } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { StoreUnderTest } from '../conformance/stores.ts';
import { RedisServer } from '../redis-server.ts';

let server: Promise<RedisServer> | null = null;

after(async () => {
  await (await server)?.stop();
});

export function testServer(): Promise<RedisServer> {
  server ??= RedisServer.start();
  return server;
}

const SUPPORTS = { clockSetBack: true, stallDetection: true, signals: true, refusesAfterClose: true };

export const redis: StoreUnderTest = {
  name: 'Redis store',
  supports: SUPPORTS,
  open: (options) => openOn(options, {}),
};

/** As on a server before 7.0, or for a user who may not load functions. */
export const redisWithoutFunctions: StoreUnderTest = {
  name: 'Redis store without functions',
  supports: SUPPORTS,
  open: async (options) => {
    const server = await testServer();
    await server.command('ACL', 'SETUSER', 'scripts', 'on', '>pw', '~*', '&*', '+@all', '-function', '-fcall');
    return openOn(options, { username: 'scripts', password: 'pw' });
  },
};

const openOn = async (
  { clock, settings }: Parameters<StoreUnderTest['open']>[0],
  user: { readonly username?: string; readonly password?: string },
): ReturnType<StoreUnderTest['open']> => {
  const redisServer = await testServer();
  await redisServer.command('FLUSHALL');
  const { addr } = redisServer;
  const store = await openRedisStore({ addr, ...user, settings, clock: systemClock, storeTime: () => clock.now() });
  return { store, locks: store.locks, clock, dispose: () => store.close() };
};

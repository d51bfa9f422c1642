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

export const redis: StoreUnderTest = {
  name: 'Redis store',
  supports: { clockSetBack: true, stallDetection: true, signals: true, refusesAfterClose: true },
  open: async ({ clock, settings }) => {
    const redisServer = await testServer();
    await redisServer.command('FLUSHALL');
    const { addr } = redisServer;
    const store = await openRedisStore({ addr, settings, clock: systemClock, storeTime: () => clock.now() });
    return { store, locks: store.locks, clock, dispose: () => store.close() };
  },
};

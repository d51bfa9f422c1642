// Scripts that are called for every task are functions of the server where it has them; where not, they stay scripts.
import assert from 'node:assert/strict';
import { after, beforeEach, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore, type RedisAddress } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import { aSubmission, SETTINGS, succeed } from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';

const server = await RedisServer.start({});

after(() => server.stop());

beforeEach(async () => {
  await server.command('FLUSHALL');
  await server.command('FUNCTION', 'FLUSH');
  await server.command('CONFIG', 'RESETSTAT');
});

async function runOneTask(store: RedisStore): Promise<void> {
  await store.submit([aSubmission({ key: 'k' })]);
  const [claimed] = await store.claim({
    requestId: systemClock.now().toString(),
    nodeId: 'n',
    types: ['mail'],
    count: 1,
  });
  assert.ok(claimed);
  const { id, token } = claimed.lease;
  const [reply] = await store.settle([{ id, token, outcome: succeed(), handler: 'ended', by: 'holder' }]);
  assert.deepEqual(reply, { state: 'settled', status: 'success' });
}

async function withStore(address: Partial<RedisAddress>, body: (store: RedisStore) => Promise<void>): Promise<void> {
  const store = await openRedisStore({ addr: server.addr, ...address, settings: SETTINGS, clock: systemClock });
  try {
    await body(store);
  } finally {
    await store.close();
  }
}

const calls = async (command: string): Promise<number> => {
  const info = String(await server.command('INFO', 'commandstats'));
  const [, count = 0, rejected = 0] =
    new RegExp(`cmdstat_${command}:calls=(\\d+).*rejected_calls=(\\d+)`).exec(info) ?? [];
  return Number(count) + Number(rejected);
};

it('loads its library once, and calls functions from then on', () =>
  withStore({}, async (store) => {
    await runOneTask(store);
    await runOneTask(store);
    assert.equal(await calls('function\\|load'), 1);
    // The first call finds that there is no function.
    assert.equal(await calls('fcall'), 7);
  }));

it('loads it again on a server that has lost it', () =>
  withStore({}, async (store) => {
    await runOneTask(store);
    await server.command('FUNCTION', 'FLUSH');
    await runOneTask(store);
    assert.equal(await calls('function\\|load'), 2);
  }));

for (const [what, rights] of Object.entries({ load: ['-function'], call: ['-function', '-fcall'] })) {
  it(`does the same with scripts where its user may not ${what} functions`, async () => {
    await server.command('ACL', 'SETUSER', 'weak', 'reset', 'on', '>pw', '~*', '&*', '+@all', ...rights);
    await withStore({ username: 'weak', password: 'pw' }, async (store) => {
      await runOneTask(store);
      const tried = (await calls('fcall')) + (await calls('function\\|load'));
      await runOneTask(store);
      assert.equal((await calls('fcall')) + (await calls('function\\|load')), tried, 'it is not tried again and again');
    });
  });
}

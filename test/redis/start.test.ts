// Starting on a server that cannot be used: one plain message that names what to change.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { shardKeys } from '../../src/adapters/redis/keys.ts';
import { checkRedis, openRedisStore, type RedisAddress, RedisRefused } from '../../src/adapters/redis/open.ts';
import { StoreUnavailable } from '../../src/domain/errors.ts';
import { aSubmission, SETTINGS, succeed } from '../conformance/builders.ts';
import { RedisServer, type RedisServerOptions } from '../redis-server.ts';

async function withServer(options: RedisServerOptions, body: (server: RedisServer) => Promise<void>): Promise<void> {
  const server = await RedisServer.start(options);
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

async function open(address: RedisAddress): Promise<void> {
  const store = await openRedisStore({ ...address, settings: SETTINGS, clock: systemClock });
  await store.close();
}

async function refusal(address: RedisAddress, kind: typeof RedisRefused | typeof StoreUnavailable): Promise<string> {
  let message = '';
  await assert.rejects(open(address), (error: Error) => {
    assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
    message = error.message;
    return true;
  });
  return message;
}

void describe('opening the Redis store', () => {
  void it('is refused where keys may be evicted', () =>
    withServer({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'] }, async ({ addr }) => {
      assert.match(await refusal({ addr }, RedisRefused), /maxmemory-policy allkeys-lru.*set it to noeviction/);
    }));

  void it('is refused on a replica', () =>
    withServer({}, (master) =>
      withServer({ args: ['--replicaof', `${master.host} ${master.port}`] }, async ({ addr }) => {
        assert.match(await refusal({ addr }, RedisRefused), /replica.*redis\.sentinel/);
      }),
    ));

  void it('names the password when it is missing or wrong', () =>
    withServer({}, async (server) => {
      await server.command('CONFIG', 'SET', 'requirepass', 'secret');
      const { addr } = server;
      assert.match(await refusal({ addr }, StoreUnavailable), /redis\.password/);
      assert.match(await refusal({ addr, password: 'other' }, StoreUnavailable), /redis\.password/);
      assert.match(
        await refusal({ addr, username: 'nobody', password: 'secret' }, StoreUnavailable),
        /redis\.username/,
      );
      await open({ addr, password: 'secret' });
    }));

  void it('names a user who may not do what is needed', () =>
    withServer({}, async (server) => {
      await server.command('ACL', 'SETUSER', 'weak', 'on', '>pw', '~*', '&*', '+info', '+time', '+select');
      const message = await refusal({ addr: server.addr, username: 'weak', password: 'pw' }, StoreUnavailable);
      assert.match(message, /Redis user may not run/);
    }));

  void it('can do with the rights that docs/redis-keys.md names', () =>
    withServer({}, async (server) => {
      const rights = ['+@all', '-@admin', '-@dangerous', '+info', '+config|get', '~{mine:*', '&{mine:*'];
      await server.command('ACL', 'SETUSER', 'xqueue', 'on', '>pw', ...rights);
      const user = { addr: server.addr, username: 'xqueue', password: 'pw', keyPrefix: 'mine' };
      const store = await openRedisStore({ ...user, settings: SETTINGS, clock: systemClock });
      await store.submit([aSubmission({ key: 'k', tags: ['a'] })]);
      const [claimed] = await store.claim({ requestId: 'c', nodeId: 'n', types: ['mail'], count: 1 });
      assert.ok(claimed);
      const { id, token } = claimed.lease;
      await store.settle([{ id, token, outcome: succeed(), handler: 'ended', by: 'holder' }]);
      assert.equal((await store.list({ tag: 'a', limit: 1, offset: 0, order: 'asc' })).total, 1);
      assert.deepEqual(await store.audit('report'), []);
      await store.close();
    }));

  void it('names the database that does not exist', () =>
    withServer({}, async ({ addr }) => {
      assert.match(await refusal({ addr, db: 99 }, StoreUnavailable), /redis\.db/);
      await open({ addr, db: 3 });
    }));

  void it('names the address where nobody listens', async () => {
    const server = await RedisServer.start();
    await server.stop();
    const { addr } = server;
    const message = await refusal({ addr }, StoreUnavailable);
    assert.match(message, new RegExp(`127\\.0\\.0\\.1 port ${addr.port} \\(redis\\.addr\\).*ECONNREFUSED`));
  });

  void it('names the Sentinels that do not answer', async () => {
    const server = await RedisServer.start();
    await server.stop();
    const sentinel = { master: 'mymaster', addresses: [server.addr] };
    assert.match(await refusal({ addr: server.addr, sentinel }, StoreUnavailable), /'mymaster' \(redis\.sentinel\)/);
  });

  void it('refuses tasks that another version keeps in another way, and names both ways out', () =>
    withServer({}, async (server) => {
      const { addr } = server;
      // Of before layouts had numbers: eight doubles.
      await server.command('SET', shardKeys('old', 0).names.state, '\0'.repeat(64));
      const message = await refusal({ addr, keyPrefix: 'old' }, RedisRefused);
      assert.match(
        message,
        /layout 1, .* needs \d+: let that version finish them first, or use another redis\.key_prefix/,
      );
      const layout = (await checkRedis({ addr, keyPrefix: 'old' }, systemClock)).find(({ name }) => name === 'layout');
      assert.equal(layout?.status, 'error');
      await open({ addr, keyPrefix: 'new' });
      await open({ addr, keyPrefix: 'new' });
    }));

  void it('keeps the data of each database and prefix apart', () =>
    withServer({}, async ({ addr }) => {
      await open({ addr, keyPrefix: 'one' });
      const store = await openRedisStore({ addr, keyPrefix: 'two', settings: SETTINGS, clock: systemClock });
      await store.setLimit('k', 1);
      const other = await openRedisStore({ addr, keyPrefix: 'one', settings: SETTINGS, clock: systemClock });
      assert.deepEqual(await other.concurrency(), []);
      await Promise.all([store.close(), other.close()]);
    }));
});

void describe('the checks of a server', () => {
  void it('warn where nothing is saved, and are content with an append-only file', async () => {
    await withServer({ appendonly: 'no' }, async ({ addr }) => {
      const persistence = (await checkRedis({ addr }, systemClock)).find(({ name }) => name === 'persistence');
      assert.equal(persistence?.status, 'warning');
      assert.match(persistence.message, /appendonly yes/);
    });
    await withServer({ appendonly: 'yes' }, async ({ addr }) => {
      const checks = await checkRedis({ addr }, systemClock);
      assert.deepEqual(
        checks.filter(({ status }) => status !== 'ok'),
        [],
      );
    });
  });

  void it('warn of a clock that differs', () =>
    withServer({ appendonly: 'yes' }, async ({ addr }) => {
      const behind = { now: () => systemClock.now() - 60_000 };
      const clock = (await checkRedis({ addr }, behind)).find(({ name }) => name === 'clock');
      assert.equal(clock?.status, 'warning');
      assert.match(clock.message, /60\.\d s ahead of/);
    }));
});

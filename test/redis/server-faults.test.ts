// What the store does when its server is restarted, frozen, out of memory, or has forgotten its scripts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore, type RedisOptions } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import { StoreUnavailable } from '../../src/domain/errors.ts';
import type { Claimed } from '../../src/ports/task-store.ts';
import { aSubmission, SECOND, SETTINGS, succeed } from '../conformance/builders.ts';
import { RedisServer, type RedisServerOptions } from '../redis-server.ts';

const DEADLINE_MS = 10_000;
/** With an fsync per second the server may put off even the write while the disk is slow, and a kill loses what it held. */
const ON_DISK: RedisServerOptions = { appendonly: 'yes', args: ['--appendfsync', 'always'] };

async function withServer(options: RedisServerOptions, body: (server: RedisServer) => Promise<void>): Promise<void> {
  const server = await RedisServer.start(options);
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

async function withStore(
  server: RedisServer,
  options: Partial<RedisOptions>,
  body: (store: RedisStore) => Promise<void>,
): Promise<void> {
  const store = await openRedisStore({ addr: server.addr, settings: SETTINGS, clock: systemClock, ...options });
  try {
    await body(store);
  } finally {
    await store.close();
  }
}

let claims = 0;
async function claim(store: RedisStore, count = 1): Promise<Claimed[]> {
  claims += 1;
  return store.claim({ requestId: `claim-${claims}`, nodeId: 'node-1', types: ['mail'], count });
}

async function claimOne(store: RedisStore): Promise<Claimed> {
  const [claimed] = await claim(store);
  assert.ok(claimed);
  return claimed;
}

const success = ({ lease: { id, token } }: Claimed) =>
  ({ id, token, outcome: succeed(), handler: 'ended', by: 'holder' }) as const;

/** Calls until it is served; what is refused meanwhile must say that the store is away. */
async function served<T>(call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable, String(error));
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => void systemClock.after(20, () => resolve(null)));
    }
  }
}

void describe('the Redis store', () => {
  void it('goes on when the server has forgotten every script', () =>
    withServer({}, (server) =>
      withStore(server, {}, async (store) => {
        for (let round = 0; round < 3; round++) {
          await store.submit([aSubmission()]);
          await server.command('SCRIPT', 'FLUSH');
          const claimed = await claimOne(store);
          await server.command('SCRIPT', 'FLUSH');
          assert.deepEqual(await store.settle([success(claimed)]), [{ state: 'settled', status: 'success' }]);
        }
        assert.deepEqual(await store.audit('report'), []);
      }),
    ));

  void it('keeps what it accepted over a kill of the server, and serves again by itself', () =>
    withServer(ON_DISK, (server) =>
      withStore(server, {}, async (store) => {
        await store.submit(Array.from({ length: 10 }, () => aSubmission()));
        const running = await claimOne(store);
        await server.kill();
        await assert.rejects(store.submit([aSubmission()]), StoreUnavailable);
        await server.run();
        const [reply] = await served(() => store.settle([success(running)]));
        assert.deepEqual(reply, { state: 'settled', status: 'success' });
        assert.equal((await claim(store, 100)).length, 9);
        assert.deepEqual(await store.audit('report'), []);
      }),
    ));

  void it('refuses calls of a frozen server in time, and serves when it goes on', () =>
    withServer({}, (server) =>
      withStore(server, { callMs: 300 }, async (store) => {
        await store.submit([aSubmission()]);
        server.pause();
        const startedAt = performance.now();
        await assert.rejects(store.ping(), StoreUnavailable);
        await assert.rejects(store.submit([aSubmission()]), StoreUnavailable);
        assert.ok(performance.now() - startedAt < DEADLINE_MS);
        server.resume();
        assert.equal((await served(() => store.get([aSubmission().spec.id]))).length, 1);
      }),
    ));

  void it('lets running work end when the server is out of memory, and refuses new tasks', () =>
    withServer({ args: ['--maxmemory', '12mb', '--maxmemory-policy', 'noeviction'] }, (server) =>
      withStore(server, {}, async (store) => {
        await store.submit(Array.from({ length: 3 }, () => aSubmission({ key: 'k', max: 2 })));
        const [first, second] = await claim(store, 2);
        assert.ok(first && second);
        const payload = JSON.stringify('x'.repeat(500_000));
        const fill = async (): Promise<void> => {
          for (let n = 0; n < 100; n++) await store.submit([aSubmission({ type: 'heavy', payload })]);
        };
        await assert.rejects(fill(), (error: Error) => {
          assert.ok(error instanceof StoreUnavailable);
          assert.match(error.message, /out of memory.*maxmemory/);
          return true;
        });
        const { accepted } = await store.stats();

        const refs = [first, second].map(({ lease: { id, token } }) => ({ id, token }));
        const beats = await store.heartbeat({ nodeId: 'node-1', leases: refs });
        assert.deepEqual(
          beats.map(({ state }) => state),
          ['held', 'held'],
        );
        assert.deepEqual(await store.settle([{ ...success(first), handler: 'running' }]), [
          { state: 'settled', status: 'success' },
        ]);
        assert.deepEqual(await claim(store), [], 'its slot is still taken');
        await store.release(refs.slice(0, 1));
        assert.equal((await claim(store)).length, 1);
        assert.deepEqual(await store.settle([success(second)]), [{ state: 'settled', status: 'success' }]);

        await assert.rejects(store.submit([aSubmission({ payload })]), StoreUnavailable);
        assert.equal((await store.stats()).accepted, accepted, 'what was refused left nothing');
        await server.command('CONFIG', 'SET', 'maxmemory', '0');
        assert.equal((await store.submit([aSubmission()]))[0]?.state, 'created');
        assert.deepEqual(await store.audit('report'), []);
      }),
    ));
});

void describe('a server that is not the one of before', () => {
  /** A clock that only the test moves. */
  function testTime(): { now: () => number; advance: (ms: number) => void } {
    let now = 1_767_225_600_000;
    return {
      now: () => now,
      advance: (ms) => {
        now += ms;
      },
    };
  }
  const settings = { ...SETTINGS, stallMs: 60 * SECOND };

  void it('costs nobody a lease: what was held lives one more lease', () =>
    withServer(ON_DISK, async (server) => {
      const time = testTime();
      await withStore(server, { settings, storeTime: time.now }, async (store) => {
        await store.submit([aSubmission()]);
        const running = await claimOne(store);
        time.advance(50 * SECOND);
        await store.ping();
        await server.kill();
        await server.run();
        await served(() => store.stats());
        time.advance(50 * SECOND);
        const { id, token } = running.lease;
        const [beat] = await store.heartbeat({ nodeId: 'node-1', leases: [{ id, token }] });
        assert.equal(beat?.state, 'held');
      });
    }));

  void it('gives no token a second time after it lost the end of its history', () =>
    withServer({}, (server) =>
      withStore(server, {}, async (store) => {
        await store.submit([aSubmission()]);
        await server.command('SAVE');
        const before = await claimOne(store);
        // What happened since the snapshot is lost: the task is pending again.
        await server.kill();
        await server.run();
        const after = await served(() => claimOne(store));
        assert.equal(after.task.id, before.task.id);
        assert.ok(after.lease.token > before.lease.token);
        assert.deepEqual(await store.settle([success(before)]), [{ state: 'lease_lost' }]);
        assert.deepEqual(await store.settle([success(after)]), [{ state: 'settled', status: 'success' }]);
      }),
    ));
});

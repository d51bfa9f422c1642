// A failover to a replica that had not heard the end of the history: what was not replicated is lost, as documented, but
// no lease of that end counts any more, and nothing of it can be taken for something newer.
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import { StoreUnavailable } from '../../src/domain/errors.ts';
import type { Claimed, Settlement } from '../../src/ports/task-store.ts';
import { aSubmission, SETTINGS, succeed } from '../conformance/builders.ts';
import { eventually } from '../e2e/http.ts';
import { RedisServer } from '../redis-server.ts';

/** One address that leads to whichever server is the master, as Sentinel's answers do. */
async function switchboard(t: TestContext, port: number): Promise<{ readonly port: number; lead(to: number): void }> {
  let target = port;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const there = connect(target, '127.0.0.1');
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        there.destroy();
      });
    }
    client.pipe(there);
    there.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    lead: (to) => {
      target = to;
      for (const socket of sockets) socket.destroy();
    },
  };
}

let claims = 0;
async function claim(store: RedisStore, nodeId: string, count: number): Promise<Claimed[]> {
  claims += 1;
  return store.claim({ requestId: `failover/${claims}`, nodeId, types: ['mail'], count });
}

const success = ({ lease: { id, token } }: Claimed): Settlement => {
  return { id, token, outcome: succeed(), handler: 'ended', by: 'holder' };
};

async function served<T>(call: () => Promise<T>): Promise<T> {
  const answers = await eventually(
    async () => {
      try {
        return [await call()];
      } catch (error) {
        if (error instanceof StoreUnavailable) return [];
        throw error;
      }
    },
    (found) => found.length > 0,
    20_000,
  );
  return answers[0] as T;
}

void it('leases of the end that was lost with the old master are refused by the new one', {
  timeout: 90_000,
}, async (t) => {
  const master = await RedisServer.start({ appendonly: 'yes' });
  t.after(() => master.stop());
  const replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  t.after(() => replica.stop());
  await eventually(
    async () => String(await replica.command('INFO', 'replication')),
    (info) => info.includes('master_link_status:up'),
    20_000,
  );
  const way = await switchboard(t, master.port);
  const addr = { host: '127.0.0.1', port: way.port };
  const settings = { ...SETTINGS, stallMs: 60_000 };
  const store = await openRedisStore({ addr, settings, clock: systemClock });
  t.after(() => store.close());

  const [held, lost] = [aSubmission({ type: 'mail' }), aSubmission({ type: 'mail' })];
  await store.submit([held, lost]);
  const [before] = await claim(store, 'node-1', 1);
  assert.equal(before?.task.id, held.spec.id);
  await master.command('WAIT', '1', '20000');

  // From here on the replica hears nothing.
  await replica.command('REPLICAOF', '127.0.0.1', '1');
  const [end] = await claim(store, 'node-1', 1);
  assert.equal(end?.task.id, lost.spec.id);
  const late = aSubmission({ type: 'mail' });
  assert.deepEqual(
    (await store.submit([late])).map(({ state }) => state),
    ['created'],
  );
  await master.kill();
  await replica.command('REPLICAOF', 'NO', 'ONE');
  way.lead(replica.port);

  const [again] = await served(() => claim(store, 'node-2', 1));
  assert.equal(again?.task.id, lost.spec.id, 'its claim is not known: it waits, and goes to whoever asks');
  assert.ok(again !== undefined && again.lease.token > end.lease.token, 'by a token that was never given out');
  const leases = [end, before].map(({ lease: { id, token } }) => ({ id, token }));
  assert.deepEqual(
    (await store.heartbeat({ nodeId: 'node-1', leases })).map(({ state }) => state),
    ['lost', 'held'],
    'what was replicated is still held',
  );
  assert.deepEqual(
    (await store.settle([success(end), success(before), success(again)])).map(({ state }) => state),
    ['lease_lost', 'settled', 'settled'],
  );
  assert.deepEqual(await store.get([late.spec.id]), [null], 'accepted, and lost with the old master');
  assert.deepEqual(await store.audit('report'), []);
});

void it('with min-replicas-to-write a master that lost its replica accepts nothing', { timeout: 90_000 }, async (t) => {
  const guard = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '1'];
  const master = await RedisServer.start({ appendonly: 'yes', args: guard });
  t.after(() => master.stop());
  const replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  t.after(() => replica.stop());
  await eventually(
    async () => String(await master.command('INFO', 'replication')),
    (info) => /min_slaves_good_slaves:1/.test(info),
    20_000,
  );
  const store = await served(() => openRedisStore({ addr: master.addr, settings: SETTINGS, clock: systemClock }));
  t.after(() => store.close());
  assert.deepEqual(
    (await store.submit([aSubmission()])).map(({ state }) => state),
    ['created'],
  );
  await replica.kill();
  await eventually(
    async () => store.submit([aSubmission()]).then(() => '', String),
    (refusal) => /fewer replicas than it must have/.test(refusal),
    20_000,
  );
});

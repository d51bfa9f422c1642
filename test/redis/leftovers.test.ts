// When all work is done and forgotten, the server is as empty as it was (R1): what is left is the shard's own, or ends by itself.
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { shardKeys } from '../../src/adapters/redis/keys.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { LeaseRef } from '../../src/ports/task-store.ts';
import {
  aNode,
  aSubmission,
  fail,
  MINUTE,
  release,
  retryIn,
  SECOND,
  SETTINGS,
  succeed,
  uuid,
} from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';

const server = await RedisServer.start();
after(() => server.stop());

const TYPES = ['mail', 'image'];
const LARGE = JSON.stringify('x'.repeat(3000));
const LINE = { agoMs: 0, level: 'info', message: 'said', fields: null } as const;
let claims = 0;
let now = 1_767_225_600_000;

const refOf = ({ id, token }: LeaseRef): LeaseRef => ({ id, token });

async function settleAll(store: RedisStore, outcome: Outcome): Promise<void> {
  for (;;) {
    claims += 1;
    const claimed = await store.claim({ requestId: `c${claims}`, nodeId: 'node-1', types: TYPES, count: 20 });
    if (claimed.length === 0) return;
    const leases = claimed.map(({ lease }) => refOf(lease));
    await store.progress(leases.map((lease) => ({ ...lease, progress: LARGE })));
    await store.logs.append(leases.map((lease) => ({ ...lease, entries: [LINE, LINE] })));
    const handler = claims % 2 === 0 ? 'ended' : 'running';
    await store.settle(leases.map((lease) => ({ ...lease, outcome, handler, by: 'holder' })));
    await store.release(leases);
  }
}

async function keysLeft(): Promise<string[]> {
  const keys = (await server.command('KEYS', '*')) as string[];
  const left: string[] = [];
  for (const key of keys.sort()) if ((await server.command('TTL', key)) === -1) left.push(key);
  return left;
}

void it('nothing is left of tasks that are done and forgotten', async () => {
  const store = await openRedisStore({
    addr: server.addr,
    settings: SETTINGS,
    clock: systemClock,
    storeTime: () => now,
  });
  await store.reportNode(aNode({ types: TYPES }));
  await store.submit(
    Array.from({ length: 700 }, (_, n) =>
      aSubmission({
        type: TYPES[n % 2] ?? '',
        payload: n % 5 === 0 ? LARGE : '{}',
        tags: n % 3 === 0 ? ['a', `b${n % 7}`] : [],
        parentId: n % 9 === 0 ? uuid(1_000_000 + (n % 27)) : null,
        due: { afterMs: n % 11 === 0 ? MINUTE : 0 },
        queueTimeoutMs: n % 13 === 0 ? 2 * MINUTE : 0,
        priority: n % 4,
        ...(n % 6 === 0 ? { key: `k${n % 5}`, max: 2 } : {}),
        ...(n % 10 === 0 ? { idempotency: { key: `i${n}`, fingerprint: 'aa' } } : {}),
      }),
    ),
  );
  const { tasks } = await store.list({ limit: 100, offset: 0, order: 'asc' });
  const ids = tasks.map(({ id }) => id);
  await store.cancel(ids.map((id) => ({ id, reason: 'no longer wanted' })));
  await store.revive(ids.slice(0, 50));
  await settleAll(store, retryIn(SECOND));
  now += 2 * SECOND;
  await settleAll(store, fail());
  now += MINUTE;
  claims += 1;
  const lost = await store.claim({ requestId: `c${claims}`, nodeId: 'node-1', types: TYPES, count: 5 });
  assert.equal(lost.length, 5);
  now += SETTINGS.leaseMs;
  const over = await store.lostLeases(10);
  assert.equal(over.length, 5);
  await store.settle(over.map(({ id, token }) => ({ id, token, outcome: release, handler: 'ended', by: 'sweeper' })));
  claims += 1;
  const asked = await store.claim({ requestId: `c${claims}`, nodeId: 'node-1', types: TYPES, count: 5 });
  assert.equal(asked.length, 5);
  const cancels = await store.cancel(asked.map(({ task: { id } }) => ({ id, reason: 'no longer wanted' })));
  for (const { state } of cancels) assert.equal(state, 'cancel_requested');
  await store.settle(asked.map(({ lease }) => ({ ...refOf(lease), outcome: release, handler: 'ended', by: 'holder' })));
  await settleAll(store, succeed(LARGE));
  const hold = await store.locks.acquire({ key: 'lock', owner: 'me', max: 1, ttlMs: MINUTE });
  assert.ok(hold);
  assert.deepEqual(await store.audit('report'), []);

  now += SETTINGS.retentionMs;
  for (let more = true; more; ) more = (await store.purge(100)).nextMs !== null;
  for (let after: string | null = null; ; ) {
    const last = (await store.readOutbox(after, 100)).at(-1);
    if (!last) break;
    await store.trimOutbox(last.position);
    after = last.position;
  }
  assert.deepEqual((await store.stats()).types, {});
  const { names } = shardKeys('xqueue', 0);
  assert.deepEqual(await keysLeft(), [names.outbox, names.server, names.state].sort());
  assert.deepEqual(await store.audit('report'), []);
  await store.close();
});

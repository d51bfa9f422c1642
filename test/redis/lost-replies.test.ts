// A call whose reply is lost is sent again by the store itself: the effect and the answer are those of one call (I15).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import type { LeaseRef } from '../../src/ports/task-store.ts';
import {
  aSubmission,
  cancelOutcome,
  fail,
  retryIn,
  SETTINGS,
  succeed,
  type TaskWish,
} from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';
import { LossyProxy } from './lossy-proxy.ts';

const server = await RedisServer.start();
const proxy = await LossyProxy.before(server.addr);
let store: RedisStore;

after(async () => {
  await store.close();
  await proxy.stop();
  await server.stop();
});

before(async () => {
  // Few connections: reads go the same way as steps.
  store = await openRedisStore({ addr: proxy.addr, settings: SETTINGS, clock: systemClock, poolSize: 2 });
});

let calls = 0;

/** Makes the call once before, so that its script is known, then with its reply lost. */
async function losing<T>(call: () => Promise<T>): Promise<T> {
  const lostBefore = proxy.lost;
  proxy.loseOne();
  const reply = await call();
  assert.equal(proxy.lost, lostBefore + 1, 'the reply was lost');
  return reply;
}

async function submit(wish: TaskWish = {}): Promise<string> {
  const submission = aSubmission(wish);
  await store.submit([submission]);
  return submission.spec.id;
}

const claimRequest = (type: string) => {
  calls += 1;
  return { requestId: `call-${calls}`, nodeId: 'node-1', types: [type], count: 2 };
};

async function running(type: string): Promise<LeaseRef> {
  const id = await submit({ type });
  const [claimed] = await store.claim(claimRequest(type));
  assert.equal(claimed?.task.id, id);
  return { id, token: claimed.lease.token };
}

async function versionOf(id: string): Promise<number | undefined> {
  return (await store.get([id]))[0]?.version;
}

const ended = { handler: 'ended', by: 'holder' } as const;

void describe('a call whose reply is lost has the effect of one call:', () => {
  void it('submit accepts the task once', async () => {
    await submit();
    const { accepted } = await store.stats();
    const submission = aSubmission();
    const [reply] = await losing(() => store.submit([submission]));
    assert.ok(reply?.state === 'exists' && reply.task.id === submission.spec.id);
    assert.equal((await store.stats()).accepted, accepted + 1);
  });

  void it('submit with an idempotency key accepts the task once', async () => {
    const { accepted } = await store.stats();
    const submission = aSubmission({ idempotency: { key: 'order-1', fingerprint: 'aa' } });
    const [reply] = await losing(() => store.submit([submission]));
    assert.ok(reply?.state === 'replayed' && reply.task.id === submission.spec.id);
    assert.equal((await store.stats()).accepted, accepted + 1);
  });

  void it('claim takes its tasks once and answers their leases', async () => {
    for (let n = 0; n < 5; n++) await submit({ type: 'claimed' });
    await store.claim(claimRequest('nobody'));
    const claimed = await losing(() => store.claim(claimRequest('claimed')));
    assert.equal(claimed.length, 2);
    const { types } = await store.stats();
    assert.deepEqual([types.claimed?.processing, types.claimed?.pending], [2, 3]);
    const leases = claimed.map(({ lease: { id, token } }) => ({ id, token, outcome: succeed(), ...ended }));
    for (const reply of await store.settle(leases)) assert.equal(reply.state, 'settled');
  });

  const outcomes = { succeed: succeed('1'), fail: fail(), retry: retryIn(60_000), cancel: cancelOutcome } as const;
  for (const [name, outcome] of Object.entries(outcomes)) {
    void it(`settle records ${name} once and says so`, async () => {
      const lease = await running('settled');
      const [reply] = await losing(() => store.settle([{ ...lease, outcome, ...ended }]));
      assert.equal(reply?.state, 'settled');
      assert.equal(await versionOf(lease.id), 3);
    });
  }

  void it('progress is reported once', async () => {
    const lease = await running('reporting');
    await store.progress([{ ...lease, progress: '1' }]);
    const [reply] = await losing(() => store.progress([{ ...lease, progress: '2' }]));
    assert.deepEqual([reply?.state, await versionOf(lease.id)], ['recorded', 4]);
  });

  void it('lines are kept once', async () => {
    const lease = await running('talking');
    const say = (message: string) =>
      store.logs.append([{ ...lease, entries: [{ agoMs: 0, level: 'info', message, fields: null }] }]);
    await say('1');
    const [reply] = await losing(() => say('2'));
    const kept = (await store.logs.read(lease.id, 0))?.map(({ message }) => message);
    assert.deepEqual([reply?.state, kept], ['recorded', ['1', '2']]);
  });

  void it('a canceled attempt ends once, with the reason', async () => {
    const lease = await running('stopping');
    await store.cancel([{ id: lease.id, reason: 'enough' }]);
    const [reply] = await losing(() => store.settle([{ ...lease, outcome: cancelOutcome, ...ended }]));
    assert.deepEqual(reply, { state: 'settled', status: 'canceled' });
    const [task] = await store.get([lease.id]);
    assert.equal(task?.error, 'Canceled while running: enough');
    assert.equal(task?.attempts.length, 1);
  });

  void it('heartbeat keeps the lease', async () => {
    const lease = await running('beating');
    await store.heartbeat({ nodeId: 'node-1', leases: [lease] });
    const [reply] = await losing(() => store.heartbeat({ nodeId: 'node-1', leases: [lease] }));
    assert.equal(reply?.state, 'held');
  });

  void it('cancel and revive answer what they did, not what they find', async () => {
    const id = await submit({ type: 'canceled' });
    await store.cancel([{ id: '00000000-0000-0000-0000-000000000000' }]);
    const [canceled] = await losing(() => store.cancel([{ id, reason: 'once' }]));
    assert.deepEqual([canceled?.state, await versionOf(id)], ['canceled', 2]);
    await store.revive(['00000000-0000-0000-0000-000000000000']);
    const [revived] = await losing(() => store.revive([id]));
    assert.deepEqual([revived?.state, await versionOf(id)], ['revived', 3]);
  });

  void it('a lock is taken once, renewed and given back', async () => {
    const wish = { key: 'lock', owner: 'me', max: 1, ttlMs: 60_000 };
    await store.locks.acquire({ ...wish, key: 'other' });
    const hold = await losing(() => store.locks.acquire(wish));
    assert.ok(hold);
    assert.equal((await store.locks.holds()).filter(({ key }) => key === 'lock').length, 1);
    await store.locks.renew({ ...wish, key: 'other' });
    assert.equal((await losing(() => store.locks.renew(wish)))?.fence, hold.fence);
    await store.locks.release('other', 'me');
    await losing(() => store.locks.release('lock', 'me'));
    assert.deepEqual(await store.locks.holds(), []);
  });

  void it('and nothing is left that should not be', async () => {
    assert.deepEqual(await store.audit('report'), []);
  });
});

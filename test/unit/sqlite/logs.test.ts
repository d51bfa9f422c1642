import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { openSqliteStore } from '../../../src/adapters/sqlite/open.ts';
import { LIMITS } from '../../../src/domain/limits.ts';
import type { LeaseRef, StoreSettings } from '../../../src/ports/task-store.ts';
import { aSubmission } from '../../conformance/builders.ts';

const SETTINGS: StoreSettings = {
  leaseMs: 90_000,
  cancelGraceMs: 30_000,
  semaphoreExpirationMs: 300_000,
  retentionMs: 60_000,
  idempotencyMs: 86_400_000,
  stallMs: 0,
};

/** A store with one running task, and a way to say lines under its lease. */
async function running() {
  const clock = new ManualClock();
  const store = await openSqliteStore({ path: ':memory:', settings: SETTINGS, clock });
  const submission = aSubmission();
  await store.submit([submission]);
  const claim = async (requestId: string): Promise<LeaseRef> => {
    const [claimed] = await store.claim({ requestId, nodeId: 'a', types: [submission.spec.type], count: 1 });
    return claimed?.lease ?? assert.fail('nothing was claimed');
  };
  const lease = await claim('1');
  const say = (ref: LeaseRef, messages: readonly string[], agoMs = 0) =>
    store.logs.append([
      {
        id: ref.id,
        token: ref.token,
        entries: messages.map((message) => ({ agoMs, level: 'info', message, fields: null })),
      },
    ]);
  const messages = async () => ((await store.logs.read(lease.id, 0)) ?? []).map(({ message }) => message);
  return { clock, store, claim, lease, say, messages };
}

describe('lines that a handler says', () => {
  it('are kept in order, with their time by the store, their level and fields', async () => {
    const { store, lease, clock, say } = await running();
    await say(lease, ['first'], 1500);
    await store.logs.append([
      { ...lease, entries: [{ agoMs: 0, level: 'warn', message: 'second\n"x"', fields: '{"a":[]}' }] },
    ]);
    assert.deepEqual(await store.logs.read(lease.id, 0), [
      { line: 1, at: clock.now() - 1500, attempt: 1, level: 'info', message: 'first', fields: null },
      { line: 2, at: clock.now(), attempt: 1, level: 'warn', message: 'second\n"x"', fields: '{"a":[]}' },
    ]);
    assert.deepEqual(
      (await store.logs.read(lease.id, 1))?.map(({ line }) => line),
      [2],
    );
    assert.equal(await store.logs.read('01900000-0000-7000-8000-000000000000', 0), null);
  });

  it('change neither version nor progress of the task, and make no event', async () => {
    const { store, lease, say } = await running();
    const before = await store.get([lease.id]);
    const events = (await store.readOutbox(null, 100)).length;
    await say(lease, ['x']);
    assert.deepEqual(await store.get([lease.id]), before);
    assert.equal((await store.readOutbox(null, 100)).length, events);
  });

  it('are refused with a lease that is over or not its own, and nothing is kept of them', async () => {
    const { store, lease, say, messages, clock } = await running();
    assert.deepEqual(await say({ ...lease, token: lease.token + 1 }, ['x']), [{ state: 'lease_lost' }]);
    clock.advance(SETTINGS.leaseMs);
    assert.deepEqual(await say(lease, ['x']), [{ state: 'lease_lost' }]);
    assert.deepEqual(await messages(), []);
    assert.deepEqual(await store.audit('report'), []);
  });

  it('go on over the attempts', async () => {
    const { store, lease, say, claim } = await running();
    await say(lease, ['one']);
    await store.settle([{ ...lease, outcome: { kind: 'release' }, handler: 'ended', by: 'holder' }]);
    const again = await claim('2');
    await say(again, ['two']);
    assert.deepEqual(
      (await store.logs.read(lease.id, 0))?.map(({ line, attempt, message }) => [line, attempt, message]),
      [
        [1, 1, 'one'],
        [2, 2, 'two'],
      ],
    );
  });

  it('are the last 200, whose numbers go on', async () => {
    const { lease, say, store } = await running();
    const all = Array.from({ length: LIMITS.logLinesKept + 50 }, (_, n) => `line ${n + 1}`);
    await say(lease, all.slice(0, 120));
    await say(lease, all.slice(120));
    const kept = (await store.logs.read(lease.id, 0)) ?? [];
    assert.equal(kept.length, LIMITS.logLinesKept);
    assert.deepEqual([kept[0]?.line, kept[0]?.message], [51, 'line 51']);
    assert.deepEqual([kept.at(-1)?.line, kept.at(-1)?.message], [250, 'line 250']);
  });

  it('are the last 64 KiB, counted as UTF-8', async () => {
    const { lease, say, messages } = await running();
    const kib = '€'.repeat(341);
    assert.equal(Buffer.byteLength(kib), 1023);
    await say(
      lease,
      Array.from({ length: 100 }, (_, n) => `${kib}${n % 10}`),
    );
    assert.equal((await messages()).length, 64);
  });

  it('are forgotten with their task', async () => {
    const { store, lease, say, clock } = await running();
    await say(lease, ['x']);
    await store.settle([{ ...lease, outcome: { kind: 'succeed', result: null }, handler: 'ended', by: 'holder' }]);
    clock.advance(SETTINGS.retentionMs);
    assert.equal((await store.purge(100)).purged, 1);
    assert.equal(await store.logs.read(lease.id, 0), null);
    assert.deepEqual(await store.audit('report'), []);
  });
});

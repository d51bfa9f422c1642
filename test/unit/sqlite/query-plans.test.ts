// No statement of the embedded store may walk through all tasks: its cost must not grow with what is stored.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { SqliteCore } from '../../../src/adapters/sqlite/core.ts';
import { openDatabase } from '../../../src/adapters/sqlite/database.ts';
import { DirectHost } from '../../../src/adapters/sqlite/host.ts';
import { SqliteStore } from '../../../src/adapters/sqlite/store.ts';
import { aSubmission, SETTINGS } from '../../conformance/builders.ts';

/** Small tables, lists whose whole content is the answer, and the tasks that a statement is told. */
const MAY_BE_WALKED =
  /^SCAN (node|state|type|operator_limit|lane|lane_key|k|draining_slot|d|hold|minute|t(ask)? USING INDEX task_lease_(over|held)|CONSTANT ROW|\(subquery|head VIRTUAL TABLE|json_each VIRTUAL TABLE)/;

it('no statement scans the tables of tasks', async () => {
  const clock = new ManualClock();
  const db = openDatabase(':memory:');
  const store = new SqliteStore(new DirectHost(new SqliteCore(db, clock, { ...SETTINGS, stallMs: 1000 })), {
    durability: 'memory',
    connect: null,
  });
  await everything(store, clock);
  const statements = db.statements().filter((sql) => /^\s*(SELECT|UPDATE|DELETE|INSERT)/.test(sql));
  assert.ok(statements.length > 50, 'the walk below exercises most of the store');
  const scans = statements.flatMap((sql) => {
    // A parameter with a number can stand in several places.
    const parameters = Array.from(sql.matchAll(/\?\d*/g), ([name], index) => (name === '?' ? index : name));
    const values = [...new Set(parameters)].map(() => 1);
    const plan = db.once<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`, ...values);
    return plan
      .map(([, , , detail]) => detail)
      .filter((detail) => detail.startsWith('SCAN ') && !MAY_BE_WALKED.test(detail))
      .map((detail) => `${detail}: ${sql}`);
  });
  assert.deepEqual(scans, []);
  await store.close();
});

async function everything(store: SqliteStore, clock: ManualClock): Promise<void> {
  await store.reportNode({
    id: 'n',
    host: 'h',
    pid: 1,
    version: '0',
    startedAt: 0,
    types: ['mail'],
    slots: 1,
    running: 0,
    draining: false,
  });
  const idempotency = { key: 'i', fingerprint: 'f' };
  await store.submit([
    aSubmission({ id: 'a', key: 'k', tags: ['t'], idempotency }),
    aSubmission({ id: 'b', key: 'k', tags: ['t'], queueTimeoutMs: 1000 }),
    aSubmission({ id: 'c', due: { afterMs: 500 }, parentId: 'a' }),
    aSubmission({ id: 'd' }),
  ]);
  await store.submit([aSubmission({ idempotency })]);
  const claimed = await store.claim({ requestId: '1', nodeId: 'n', types: ['mail'], count: 10 });
  await store.heartbeat({ nodeId: 'n', leases: claimed.map(({ lease }) => lease) });
  const entries = [{ agoMs: 0, level: 'info', message: 'said', fields: null }] as const;
  await store.logs.append(claimed.map(({ lease }) => ({ ...lease, entries })));
  await store.logs.read('a', 0);
  await store.progress(claimed.map(({ lease }) => ({ ...lease, progress: '1' })));
  await store.cancel(['a', 'b', 'd', 'x'].map((id) => ({ id })));
  await store.settle(
    claimed.map(({ lease }, index) => ({
      ...lease,
      outcome:
        index === 0
          ? { kind: 'release' }
          : { kind: 'retry', delayMs: 10, error: 'e', errorCode: 'handler_error', attempt: 'failed' },
      handler: index === 0 ? 'running' : 'ended',
      by: 'holder',
    })),
  );
  // So many that several go into one statement.
  await store.submit(Array.from({ length: 20 }, (_, n) => aSubmission({ id: `many-${n}` })));
  const many = await store.claim({ requestId: '2', nodeId: 'n', types: ['mail'], count: 20 });
  await store.settle(
    many.map(({ lease }) => ({
      ...lease,
      outcome: { kind: 'succeed', result: null },
      handler: 'ended',
      by: 'holder',
    })),
  );
  await store.release(claimed.map(({ lease }) => lease));
  await store.revive(['a', 'b', 'd']);
  await store.setLimit('k', 2);
  await store.setLimit('k', null);
  clock.advance(SETTINGS.leaseMs * 2);
  await store.sweepTimers(100);
  await store.lostLeases(100);
  await store.get(['a', 'x']);
  await store.stats();
  await store.list({ createdFrom: 1, createdBefore: clock.now(), limit: 1, offset: 0, order: 'asc' });
  await store.setDrain('n', 'drain');
  await store.setDrain('n', 'work');
  await store.concurrency();
  await store.locks.acquire({ key: 'l', owner: 'o', max: 1, ttlMs: 10 });
  await store.locks.renew({ key: 'l', owner: 'o', ttlMs: 10 });
  await store.locks.release('l', 'o');
  await store.locks.holds();
  await store.readOutbox(null, 10);
  await store.trimOutbox('1');
  clock.advance(SETTINGS.retentionMs + 1000);
  await store.purge(100);
  await store.forgetNode('n');
}

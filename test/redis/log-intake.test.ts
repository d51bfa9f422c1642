// What the store keeps of the log in front of it: how far each partition was read moves with the tasks, and only from where it is.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import type { LogSpan } from '../../src/ports/log-intake.ts';
import type { Submission } from '../../src/ports/task-store.ts';
import { aSubmission, DAY, nextUuid, SECOND, SETTINGS, succeed } from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';

const server = await RedisServer.start();
after(() => server.stop());

let now = 1_767_225_600_000;
let stores = 0;

async function open(logTopic = 'tasks', keyPrefix = `intake${++stores}`): Promise<RedisStore & AsyncDisposable> {
  const settings = { ...SETTINGS, retentionMs: SECOND };
  const options = { addr: server.addr, settings, clock: systemClock, storeTime: () => now, keyPrefix, logTopic };
  const store = await openRedisStore(options);
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

function span(expected: number | null, upTo: number, partition = 0): LogSpan {
  return { partition, expected, upTo };
}

async function isThere(store: RedisStore, { spec }: Submission): Promise<boolean> {
  return (await store.get([spec.id]))[0] !== null;
}

/** Runs what is there to its end. */
async function work(store: RedisStore): Promise<void> {
  const claimed = await store.claim({ requestId: nextUuid(), nodeId: 'n', types: ['mail'], count: 100 });
  const refs = claimed.map(({ lease: { id, token } }) => ({ id, token }));
  await store.settle(refs.map((ref) => ({ ...ref, outcome: succeed(), handler: 'ended', by: 'holder' })));
}

void describe('a span of the log', () => {
  void it('is taken in together with where to go on', async () => {
    await using store = await open();
    const [one, two] = [aSubmission(), aSubmission({ tags: ['a'], payload: JSON.stringify('x'.repeat(2000)) })];
    assert.deepEqual(await store.intake.ingest(span(null, 7), [one, two]), { state: 'ingested' });
    assert.deepEqual([...(await store.intake.offsets())], [[0, 7]]);
    const [first, second] = await store.get([one.spec.id, two.spec.id]);
    assert.equal(first?.status, 'pending');
    assert.equal(second?.payload, two.spec.payload);
    assert.deepEqual(second?.tags, ['a']);
  });

  void it('is refused from anywhere but where the store is, and nothing of it is taken in', async () => {
    await using store = await open();
    await store.intake.ingest(span(null, 7), [aSubmission()]);
    const late = aSubmission();
    for (const expected of [null, 3, 8]) {
      assert.deepEqual(await store.intake.ingest(span(expected, 9), [late]), { state: 'moved', next: 7 });
      assert.deepEqual(await store.intake.pass(span(expected, 9), []), { state: 'moved', next: 7 });
    }
    assert.equal(await isThere(store, late), false);
    assert.deepEqual(await store.intake.ingest(span(0, 5, 1), [late]), { state: 'moved', next: null });
  });

  void it('that is sent twice is taken in once', async () => {
    await using store = await open();
    const task = aSubmission();
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(await store.intake.ingest(span(null, 1), [task]), { state: 'ingested' });
    }
    await work(store);
    assert.deepEqual(await store.intake.ingest(span(null, 1), [task]), { state: 'ingested' });
    assert.equal((await store.stats()).accepted, 1);
  });

  void it('of two consumers at once is taken in by one of them', async () => {
    await using one = await open('tasks', 'both');
    await using two = await open('tasks', 'both');
    const replies = await Promise.all([
      one.intake.ingest(span(null, 2), [aSubmission(), aSubmission()]),
      two.intake.ingest(span(null, 3), [aSubmission(), aSubmission(), aSubmission()]),
    ]);
    assert.deepEqual(replies.map(({ state }) => state).sort(), ['ingested', 'moved']);
    const [[, next] = []] = await one.intake.offsets();
    assert.equal((await one.stats()).accepted, next);
  });

  void it('is passed over when all of its tasks are there, else not', async () => {
    await using store = await open();
    const [there, missing] = [aSubmission(), aSubmission()];
    await store.submit([there]);
    const ids = [there.spec.id, missing.spec.id];
    assert.deepEqual(await store.intake.pass(span(null, 2), ids), { state: 'missing', ids: [missing.spec.id] });
    assert.deepEqual([...(await store.intake.offsets())], []);
    assert.deepEqual(await store.intake.pass(span(null, 1), [there.spec.id]), { state: 'ingested' });
    assert.deepEqual(await store.intake.ingest(span(1, 2), [missing]), { state: 'ingested' });
  });

  void it('with a task that is there already leaves it as it is', async () => {
    await using store = await open();
    const [done, fresh] = [aSubmission(), aSubmission()];
    await store.submit([done]);
    await work(store);
    await store.intake.ingest(span(null, 2), [done, fresh]);
    const statuses = (await store.get([done.spec.id, fresh.spec.id])).map((task) => task?.status);
    assert.deepEqual(statuses, ['success', 'pending']);
  });

  void it('with a known idempotency key makes no second task', async () => {
    await using store = await open();
    const idempotency = { key: 'k', fingerprint: 'f' };
    const [first, again] = [aSubmission({ idempotency }), aSubmission({ idempotency })];
    await store.submit([first]);
    assert.deepEqual(await store.intake.ingest(span(null, 1), [again]), { state: 'ingested' });
    assert.equal(await isThere(store, again), false);
  });

  void it('may miss what was before it, until a rebuild says otherwise', async () => {
    await using store = await open();
    await store.intake.noteGap(1, 40);
    await store.intake.noteGap(1, 90);
    await store.intake.noteGap(2, 7);
    assert.deepEqual(
      new Map(await store.intake.gaps()),
      new Map([
        [1, 40],
        [2, 7],
      ]),
    );
    assert.deepEqual([...(await store.intake.offsets())], []);
    assert.deepEqual(await store.intake.pass(span(null, 41, 1), []), { state: 'ingested' });
    await store.intake.setOffsets(new Map([[1, 50]]));
    assert.deepEqual([...(await store.intake.gaps())], [[2, 7]]);
  });

  void it('belongs to its topic', async () => {
    await using one = await open('one', 'topics');
    await using two = await open('two', 'topics');
    await one.intake.ingest(span(null, 5), [aSubmission()]);
    assert.deepEqual([...(await two.intake.offsets())], []);
    await two.intake.setOffsets(
      new Map([
        [0, 50],
        [3, 9],
      ]),
    );
    assert.deepEqual([...(await one.intake.offsets())], [[0, 5]]);
    assert.deepEqual(await two.intake.pass(span(9, 10, 3), []), { state: 'ingested' });
  });
});

void describe('what idempotency keys would answer', () => {
  void it('is said without submitting', async () => {
    await using store = await open();
    const idempotency = { key: 'k', fingerprint: 'f' };
    const first = aSubmission({ idempotency, payload: '{"a":1}' });
    await store.submit([first]);
    const named = [{ key: 'other', fingerprint: 'f' }, idempotency, { key: 'k', fingerprint: 'g' }];
    const [none, replayed, conflict] = await store.intake.replays(named);
    assert.equal(none, null);
    assert.ok(replayed?.state === 'replayed');
    assert.equal(replayed.task.id, first.spec.id);
    assert.equal(replayed.task.payload, '{"a":1}');
    assert.deepEqual(conflict, { state: 'conflict' });
    now += 2 * DAY;
    assert.deepEqual(await store.intake.replays([idempotency]), [null]);
    assert.equal((await store.stats()).accepted, 1);
  });
});

void describe('a task whose record was not read yet', () => {
  const record = { partition: 2, offset: 41 };

  void it('is not purged before the log was read past it', async () => {
    await using store = await open();
    const [ahead, other] = [{ ...aSubmission(), record }, aSubmission()];
    await store.submit([ahead, other]);
    await work(store);
    now += 10 * SECOND;
    assert.equal((await store.purge(100)).purged, 1);
    assert.equal(await isThere(store, other), false);
    for (const upTo of [40, 41]) {
      await store.intake.setOffsets(new Map([[2, upTo]]));
      assert.equal((await store.purge(100)).purged, 0);
      assert.equal(await isThere(store, ahead), true);
    }
    await store.intake.setOffsets(new Map([[2, 42]]));
    assert.deepEqual(await store.purge(100), { purged: 1, nextMs: null });
    assert.equal(await isThere(store, ahead), false);
    assert.deepEqual(await store.audit('report'), []);
  });

  void it('reads back as it was asked for', async () => {
    await using store = await open();
    const plain = { ...aSubmission(), record };
    const rich = { ...aSubmission({ tags: ['{"o":[1,2,3]}', ']'], key: '"o":[9,9,9]', max: 3 }), record };
    await store.submit([plain, rich]);
    const [one, two] = await store.get([plain.spec.id, rich.spec.id]);
    assert.deepEqual({ ...one, ...plain.spec }, one);
    assert.deepEqual({ ...two, ...rich.spec }, two);
  });

  void it('of a log that is no longer in front of the store is purged in its time', async () => {
    await using before = await open('old', 'moved-on');
    const task = { ...aSubmission(), record };
    await before.submit([task]);
    await work(before);
    now += 10 * SECOND;
    assert.equal((await before.purge(100)).purged, 0);
    await using afterwards = await open('new', 'moved-on');
    assert.equal((await afterwards.purge(100)).purged, 1);
  });
});

void describe('the outbox', () => {
  async function positions(store: RedisStore): Promise<string[]> {
    return (await store.readOutbox(null, 100)).map(({ position }) => position);
  }

  void it('is not trimmed beyond what was written to the log, and later up to where it was wanted', async () => {
    await using store = await open();
    assert.equal(await store.intake.eventCursor.hold(), null);
    for (let n = 0; n < 4; n++) await store.submit([aSubmission()]);
    const [first = '', second = '', third = '', fourth = ''] = await positions(store);
    await store.trimOutbox(third);
    assert.equal((await positions(store)).length, 4);
    await store.intake.eventCursor.save(first, 1);
    assert.deepEqual(await positions(store), [second, third, fourth]);
    await store.intake.eventCursor.save(fourth, 1);
    assert.deepEqual(await positions(store), [fourth]);
    await store.trimOutbox(fourth);
    assert.deepEqual(await positions(store), []);
    assert.equal(await store.intake.eventCursor.hold(), fourth);
  });

  void it('follows the latest holder only', async () => {
    await using store = await open();
    await store.intake.eventCursor.hold();
    await store.intake.eventCursor.save('200-0', 8);
    await store.intake.eventCursor.save('150-0', 7);
    assert.equal(await store.intake.eventCursor.hold(), '200-0');
  });

  void it('waits a day for those who write to the log, not for ever', async () => {
    await using store = await open();
    await store.intake.eventCursor.hold();
    await store.submit([aSubmission()]);
    const [only = ''] = await positions(store);
    now += DAY;
    await store.trimOutbox(only);
    assert.equal((await positions(store)).length, 1);
    now += 1;
    await store.trimOutbox(only);
    assert.equal((await positions(store)).length, 0);
    assert.equal(await store.intake.eventCursor.hold(), null);
  });
});

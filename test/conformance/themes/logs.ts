// What handlers say: kept under the lease, numbered over all attempts, the newest only, forgotten with the task.
import assert from 'node:assert/strict';
import { LIMITS } from '../../../src/domain/limits.ts';
import type { LogEntry } from '../../../src/ports/log-store.ts';
import type { Claimed } from '../../../src/ports/task-store.ts';
import { nextUuid, retryIn, SECOND, succeed } from '../builders.ts';
import { type Fixture, only } from '../fixture.ts';
import type { Suite } from '../suite.ts';

const aLine = (message: string, wish: Partial<LogEntry> = {}): LogEntry => ({
  agoMs: 0,
  level: 'info',
  message,
  fields: null,
  ...wish,
});
const lines = (count: number, message: (n: number) => string): LogEntry[] =>
  Array.from({ length: count }, (_, index) => aLine(message(index + 1)));

async function say(s: Fixture, { lease }: Pick<Claimed, 'lease'>, ...entries: LogEntry[]): Promise<string> {
  return only(await s.store.logs.append([{ id: lease.id, token: lease.token, entries }])).state;
}

async function numbers(s: Fixture, id: string, after = 0): Promise<number[]> {
  return ((await s.store.logs.read(id, after)) ?? assert.fail('the task is gone')).map(({ line }) => line);
}

export function logs({ describe, test }: Suite): void {
  describe('lines', () => {
    test('are numbered, with the attempt, and the time by the store', async (s) => {
      const running = await s.running();
      await s.clock.advance(SECOND);
      const fields = '{"a":[],"n":123456789012345678901234567890}';
      const said = [
        aLine('first', { agoMs: 250.4, level: 'debug' }),
        aLine('日本 "x"\n🎈', { level: 'error', fields }),
      ];
      assert.equal(await say(s, running, ...said), 'recorded');
      const at = s.clock.now();
      assert.deepEqual(await s.store.logs.read(running.task.id, 0), [
        { line: 1, at: at - 250, attempt: 1, level: 'debug', message: 'first', fields: null },
        { line: 2, at, attempt: 1, level: 'error', message: '日本 "x"\n🎈', fields },
      ]);
    });

    test('keep every level, an empty message, and fields apart from none', async (s) => {
      const running = await s.running();
      const levels = ['debug', 'info', 'warn', 'error'] as const;
      await say(s, running, ...levels.map((level) => aLine('', { level, fields: '""' })), aLine('x'));
      const kept = (await s.store.logs.read(running.task.id, 0)) ?? [];
      assert.deepEqual(
        kept.map(({ level, message, fields }) => [level, message, fields]),
        [...levels.map((level) => [level, '', '""']), ['info', 'x', null]],
      );
    });

    test('change neither the task nor its version, and make no event', async (s) => {
      const running = await s.running();
      const before = await s.task(running.task);
      const events = (await s.events()).length;
      await s.clock.advance(1);
      await say(s, running, aLine('x'));
      assert.deepEqual(await s.task(running.task), before);
      assert.equal((await s.events()).length, events);
    });

    test('of several tasks travel in one call, each judged by its own lease', async (s) => {
      const [a, b] = [await s.running(), await s.running()];
      const replies = await s.store.logs.append([
        { id: a.task.id, token: a.lease.token, entries: [aLine('a1')] },
        { id: b.task.id, token: a.lease.token + 1_000_000, entries: [aLine('never')] },
        { id: nextUuid(), token: 1, entries: [aLine('never')] },
        { id: b.task.id, token: b.lease.token, entries: [aLine('b1'), aLine('b2')] },
        { id: a.task.id, token: a.lease.token, entries: [aLine('a2')] },
      ]);
      const states = ['recorded', 'lease_lost', 'lease_lost', 'recorded', 'recorded'];
      assert.deepEqual(
        replies.map(({ state }) => state),
        states,
      );
      const messages = async ({ task }: Claimed) =>
        (await s.store.logs.read(task.id, 0))?.map(({ message }) => message);
      assert.deepEqual(await messages(a), ['a1', 'a2']);
      assert.deepEqual(await messages(b), ['b1', 'b2']);
      assert.deepEqual(await s.store.logs.append([]), []);
    });

    test('are refused when the lease is over, settled or taken by another attempt (I6)', async (s) => {
      const first = await s.running();
      await say(s, first, aLine('1'));
      await s.settle(first, retryIn(0));
      assert.equal(await say(s, first, aLine('settled')), 'lease_lost');
      const second = await s.claimOne();
      assert.equal(await say(s, first, aLine('stale')), 'lease_lost');
      assert.equal(await say(s, second, aLine('2')), 'recorded');
      await s.clock.advance(s.settings.leaseMs);
      assert.equal(await say(s, second, aLine('over')), 'lease_lost');
      assert.deepEqual(
        (await s.store.logs.read(first.task.id, 0))?.map(({ line, attempt, message }) => [line, attempt, message]),
        [
          [1, 1, '1'],
          [2, 2, '2'],
        ],
      );
    });

    test('outlive the end of the task, and a cancel request', async (s) => {
      const running = await s.running();
      await s.cancel(running.task);
      assert.equal(await say(s, running, aLine('stopping')), 'recorded');
      await s.settle(running, succeed());
      assert.deepEqual(await numbers(s, running.task.id), [1]);
    });
  });

  describe('of the lines of a task', () => {
    test(`the last ${LIMITS.logLinesKept} are kept, and their numbers go on`, async (s) => {
      const running = await s.running();
      const kept = LIMITS.logLinesKept;
      await say(s, running, ...lines(kept, (n) => `line ${n}`));
      assert.equal((await numbers(s, running.task.id)).length, kept);
      await say(s, running, aLine('one more'));
      const after = await numbers(s, running.task.id);
      assert.deepEqual([after.length, after[0], after.at(-1)], [kept, 2, kept + 1]);
      await say(s, running, ...lines(2 * kept, (n) => `again ${n}`));
      const last = (await s.store.logs.read(running.task.id, 0)) ?? [];
      assert.equal(last.length, kept);
      assert.deepEqual([last[0]?.message, last[0]?.line], [`again ${kept + 1}`, 2 * kept + 2]);
    });

    test(`no more than ${LIMITS.logBytesKept / 1024} KiB are kept, message and fields together, in bytes`, async (s) => {
      const running = await s.running();
      const quarter = LIMITS.logBytesKept / 4;
      // Three bytes each: characters counted would be a third.
      const wide = { message: '日'.repeat(quarter / 16), fields: `"${'x'.repeat((quarter * 13) / 16 - 2)}"` };
      await say(s, running, ...Array.from({ length: 4 }, () => aLine(wide.message, wide)));
      assert.deepEqual(await numbers(s, running.task.id), [1, 2, 3, 4], 'exactly as much as is kept');
      await say(s, running, aLine('x'));
      assert.deepEqual(await numbers(s, running.task.id), [2, 3, 4, 5]);
      await say(s, running, aLine('', { fields: `"${'y'.repeat(quarter)}"` }), aLine('z'));
      assert.deepEqual(await numbers(s, running.task.id), [3, 4, 5, 6, 7]);
    });

    test('the last is kept however large it is', async (s) => {
      const running = await s.running();
      await say(s, running, aLine('small'), aLine('x'.repeat(LIMITS.logBytesKept + 1)));
      assert.deepEqual(await numbers(s, running.task.id), [2]);
      await say(s, running, aLine('small again'));
      assert.deepEqual(await numbers(s, running.task.id), [3]);
    });

    test('those after a number can be read', async (s) => {
      const running = await s.running();
      await say(s, running, ...lines(LIMITS.logLinesKept + 10, String));
      const last = LIMITS.logLinesKept + 10;
      assert.deepEqual(await numbers(s, running.task.id, last - 2), [last - 1, last]);
      assert.deepEqual(await numbers(s, running.task.id, last), []);
      assert.deepEqual(await numbers(s, running.task.id, last + 5), []);
      assert.equal((await numbers(s, running.task.id, 5)).length, LIMITS.logLinesKept);
      assert.deepEqual((await numbers(s, running.task.id, 11))[0], 12);
    });
  });

  describe('a task', () => {
    test('that said nothing has no lines; one that nobody knows has none to read', async (s) => {
      const running = await s.running();
      assert.deepEqual(await s.store.logs.read(running.task.id, 0), []);
      assert.equal(await say(s, running), 'recorded');
      assert.deepEqual(await s.store.logs.read(running.task.id, 0), []);
      assert.equal(await s.store.logs.read(nextUuid(), 0), null);
    });

    test('that is purged takes its lines along, and a new one with its id begins anew', async (s) => {
      const running = await s.running();
      await say(s, running, aLine('old'), aLine('older'));
      await s.settle(running, succeed());
      await s.clock.advance(s.settings.retentionMs);
      assert.equal((await s.store.purge(10)).purged, 1);
      assert.equal(await s.store.logs.read(running.task.id, 0), null);
      // The events of its first life would be taken for its own.
      await s.trimOutbox((await s.store.readOutbox(null, 100)).at(-1)?.position ?? '');
      const again = await s.running({ id: running.task.id });
      assert.deepEqual(await s.store.logs.read(again.task.id, 0), []);
      await say(s, again, aLine('new'));
      assert.deepEqual(await numbers(s, again.task.id), [1]);
    });
  });
}

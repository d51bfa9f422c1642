// The outbox: every change is told, once, in order, and can be forgotten by those who have read it.
import assert from 'node:assert/strict';
import { cancelOutcome, fail, recover, retryIn, SECOND, succeed } from '../builders.ts';
import type { Suite } from '../suite.ts';

export function outbox({ describe, test }: Suite): void {
  describe('events', () => {
    test('tell each step of a life with what the task was then (I5)', async (s) => {
      const { id, type } = await s.submit();
      const at = s.clock.now();
      const running = await s.claimOne();
      await s.clock.advance(SECOND);
      await s.progress(running, '{"progress":50}');
      await s.settle(running, retryIn(0, 'not yet'));
      const second = await s.claimOne({ nodeId: 'node-2' });
      await s.cancel({ id });
      await s.settle(second, succeed('1'));
      await s.revive({ id });

      const base = { taskId: id, type, retry: 0, workerId: null, error: null, errorCode: null, progress: null };
      const first = { ...base, kind: 'status', cancelRequested: false, at };
      const later = { ...first, at: at + SECOND };
      const onNode1 = { workerId: 'node-1' };
      const failed = { error: 'not yet', errorCode: 'handler_error', retry: 1 };
      const onNode2 = { ...failed, workerId: 'node-2' };
      const canceled = { error: 'Canceled while running', errorCode: 'canceled', retry: 1, workerId: 'node-2' };
      assert.deepEqual(await s.events(), [
        { ...first, version: 1, status: 'pending' },
        { ...first, ...onNode1, version: 2, status: 'processing' },
        { ...later, ...onNode1, kind: 'progress', version: 3, status: 'processing', progress: '{"progress":50}' },
        { ...later, ...onNode1, ...failed, version: 4, status: 'pending', progress: '{"progress":50}' },
        { ...later, ...onNode2, version: 5, status: 'processing' },
        { ...later, ...onNode2, version: 6, status: 'processing', cancelRequested: true },
        { ...later, ...canceled, version: 7, status: 'canceled' },
        { ...later, workerId: 'node-2', version: 8, status: 'pending' },
      ]);
    });

    test('come from every call that changes a task, also those that happen by time', async (s) => {
      const expired = await s.submit({ queueTimeoutMs: SECOND });
      const canceled = await s.submit();
      await s.cancel(canceled);
      await s.clock.advance(SECOND);
      const lost = await s.running();
      await s.clock.advance(s.settings.leaseMs);
      await s.settle(lost, recover('gone'), { by: 'sweeper' });
      const last = async (task: { id: string }) => (await s.eventsOf(task)).at(-1);
      const told = (event: Awaited<ReturnType<typeof last>>) => [event?.status, event?.errorCode, event?.version];
      assert.deepEqual(told(await last(expired)), ['timeout', 'queue_timeout', 2]);
      assert.deepEqual(told(await last(canceled)), ['canceled', 'canceled', 2]);
      assert.deepEqual(told(await last(lost.task)), ['pending', 'worker_lost', 3]);
    });

    test('are not written by calls that change nothing', async (s) => {
      const running = await s.running();
      await s.settle(running, fail());
      const before = await s.events();
      await s.settle(running, cancelOutcome);
      await s.settle({ lease: { id: running.task.id, token: 999_999 } }, succeed());
      await s.progress(running, '1');
      await s.heartbeat(running);
      await s.cancel(running.task);
      await s.claim(5);
      await s.store.sweepTimers(10);
      await s.store.setLimit('k', 3);
      assert.deepEqual(await s.events(), before);
    });

    test('of one call are one entry, in the order of the batch', async (s) => {
      const tasks = await s.submitMany(5);
      const entries = await s.store.readOutbox(null, 100);
      assert.equal(entries.length, 1);
      assert.deepEqual(
        entries[0]?.events().map(({ taskId }) => taskId),
        tasks.map(({ id }) => id),
      );
    });
  });

  describe('reading', () => {
    test('goes on after a position, oldest first, in pages', async (s) => {
      for (let n = 0; n < 7; n++) await s.submit();
      const all = await s.store.readOutbox(null, 100);
      assert.equal(all.length, 7);
      const first = await s.store.readOutbox(null, 3);
      const second = await s.store.readOutbox(first.at(-1)?.position ?? '', 3);
      const third = await s.store.readOutbox(second.at(-1)?.position ?? '', 3);
      const positions = [...first, ...second, ...third].map(({ position }) => position);
      assert.deepEqual(
        positions,
        all.map(({ position }) => position),
      );
      assert.equal(new Set(positions).size, 7);
      assert.deepEqual(await s.store.readOutbox(positions.at(-1) ?? '', 3), []);
    });

    test('twice reads the same', async (s) => {
      await s.submitMany(2);
      const [once] = await s.store.readOutbox(null, 10);
      const [again] = await s.store.readOutbox(null, 10);
      assert.ok(once && again);
      assert.deepEqual(once.events(), again.events());
      assert.deepEqual(once.events(), once.events(), 'decoding twice gives the same');
    });

    test('sees what is written after the last position', async (s) => {
      await s.submit();
      const [entry] = await s.store.readOutbox(null, 10);
      const task = await s.submit();
      const more = await s.store.readOutbox(entry?.position ?? '', 10);
      assert.deepEqual(
        more.flatMap((one) => one.events()).map(({ taskId }) => taskId),
        [task.id],
      );
    });
  });

  describe('trimming', () => {
    test('forgets up to and including a position and keeps what came later', async (s) => {
      for (let n = 0; n < 5; n++) await s.submit();
      const entries = await s.store.readOutbox(null, 10);
      await s.trimOutbox(entries[2]?.position ?? '');
      const left = await s.store.readOutbox(null, 10);
      assert.deepEqual(
        left.map(({ position }) => position),
        entries.slice(3).map(({ position }) => position),
      );
      await s.trimOutbox(entries[2]?.position ?? '');
      assert.equal((await s.store.readOutbox(null, 10)).length, 2, 'twice is once');
    });

    test('everything leaves an outbox that positions still rise in', async (s) => {
      await s.submit();
      const [first] = await s.store.readOutbox(null, 10);
      await s.trimOutbox(first?.position ?? '');
      assert.deepEqual(await s.store.readOutbox(null, 10), []);
      const task = await s.submit();
      const after = await s.store.readOutbox(first?.position ?? '', 10);
      assert.equal(after[0]?.events()[0]?.taskId, task.id, 'a reader that stopped at the old position misses nothing');
    });
  });
}

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { threadId } from 'node:worker_threads';
import { type Handler, type TaskHandle, TaskManager, withRetry, withTimeout } from '../../../src/index.ts';
import { handlers } from './isolated-handlers.ts';

async function progressing(handle: TaskHandle): Promise<void> {
  for await (const { progress } of handle.watch()) if (progress !== null) return;
}

for (const isolation of ['thread', 'process'] as const) {
  describe(`a handler in a ${isolation} of its own`, () => {
    let manager: TaskManager;
    before(async () => {
      // One slot: what follows can only run when it is free.
      const queue = { maxConcurrency: 1, cancelGrace: '1s', defaultRetry: 0 };
      manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' }, queue });
      manager.registerHandlers(handlers.filter(({ type }) => type.startsWith(isolation) || type === 'double'));
      manager.registerHandler({ type: 'here', handle: () => 'fine' });
    });
    after(() => manager.close());

    it('gets its task and gives back its result', async () => {
      const handle = await manager.submitTask<{ payload: unknown; attempt: number; pid: number; threadId: number }>(
        `${isolation}.echo`,
        { 'a b': [[], {}, null] },
      );
      const result = await handle.result();
      assert.deepEqual(result.payload, { 'a b': [[], {}, null] });
      assert.equal(result.attempt, 1);
      assert.equal(result.pid === process.pid, isolation === 'thread');
      if (isolation === 'thread') assert.notEqual(result.threadId, threadId);
      assert.equal(await (await manager.submitTask(`${isolation}.nothing`)).result(), null);
    });

    it('that spins for ever ends at its process timeout, and its slot is free', async () => {
      const spinning = await manager.submitTask(`${isolation}.spin`, {}, withTimeout('300ms'));
      const next = await manager.submitTask('here');
      assert.equal((await spinning.settled()).errorCode, 'process_timeout');
      assert.equal(await next.result(), 'fine');
    });

    it('that spins for ever ends when the grace of a cancel is over', async () => {
      const spinning = await manager.submitTask(`${isolation}.spin`, {}, withTimeout(0));
      for await (const { status } of spinning.watch()) if (status === 'processing') break;
      assert.equal(await spinning.cancel(), 'cancel_requested');
      const next = await manager.submitTask('here');
      assert.equal((await spinning.settled()).status, 'canceled');
      assert.equal(await next.result(), 'fine');
    });

    it('that ends its own world takes down nothing else, and may be tried again', async () => {
      const crashing = await manager.submitTask(
        `${isolation}.crash`,
        {},
        withRetry(1, { type: 'fixed', delay: '1ms', jitter: 0 }),
      );
      const task = await crashing.settled();
      assert.equal(task.status, 'failed');
      assert.match(task.error ?? '', new RegExp(`handler was lost: its ${isolation} ended with exit code 3`));
      assert.equal(task.attempts.length, 2);
      assert.equal(await (await manager.submitTask('here')).result(), 'fine');
    });

    it('fails as it would fail elsewhere', async () => {
      const hopeless = await (await manager.submitTask(`${isolation}.hopeless`, {}, withRetry(5))).settled();
      assert.deepEqual([hopeless.errorCode, hopeless.error], ['non_retryable', 'never']);
      const bigint = await (await manager.submitTask(`${isolation}.bigint`)).settled();
      assert.equal(bigint.errorCode, 'result_not_serializable');
      assert.match(bigint.error ?? '', /BigInt/);
    });
  });
}

describe('an isolated handler', () => {
  for (const isolation of ['thread', 'process']) {
    it(`has progress, log, lock and children in a ${isolation}`, async () => {
      await using manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' } });
      manager.registerHandlers(handlers.filter(({ type }) => type.startsWith(isolation) || type === 'double'));
      const handle = await manager.submitTask(`${isolation}.context`);
      const { fence, child } = (await handle.result()) as { fence: number; child: number };
      assert.ok(fence > 0);
      assert.equal(child, 42);
      assert.deepEqual((await handle.task()).progress, { progress: 50 });
    });
  }

  for (const isolation of ['thread', 'process']) {
    it(`that listens in a ${isolation} is told of the cancel, and of its reason`, async () => {
      await using manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' } });
      manager.registerHandlers(handlers.filter(({ type }) => type.startsWith(isolation)));
      const polite = await manager.submitTask(`${isolation}.polite`);
      await progressing(polite);
      await polite.cancel({ reason: 'sold out' });
      assert.equal((await polite.settled()).error, 'Canceled while running: sold out');
      const [said] = await manager.logs(polite.id);
      assert.equal(said?.message, 'canceled: sold out');
    });
  }

  it('needs to say which file it is in, and which kind it wants', async () => {
    await using manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' } });
    const handler: Handler = { type: 'a', isolation: 'thread', handle: () => 1 };
    assert.throws(() => manager.registerHandler(handler), /no `file`/);
    const wrong = { ...handler, isolation: 'container' } as unknown as Handler;
    assert.throws(() => manager.registerHandler(wrong), /neither 'thread' nor 'process'/);
  });
});

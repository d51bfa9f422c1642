import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  ContractMismatch,
  defineTask,
  implement,
  type Options,
  TaskFailed,
  TaskManager,
  typed,
  withPriority,
  withRetry,
} from '../../../src/index.ts';
import { instant, late, mail, percent } from './schemas.ts';

const open: TaskManager[] = [];
afterEach(async () => {
  for (const manager of open.splice(0)) await manager.close();
});
async function started(options: Options = {}): Promise<TaskManager> {
  const manager = await TaskManager.start({ embedded: { path: ':memory:' }, mqtt: { broker: 'off' }, ...options });
  open.push(manager);
  return manager;
}

const sendMail = defineTask({ type: 'send_mail', input: mail, output: instant, progress: percent });

describe('a task with a contract', () => {
  it('gives the handler what the schema makes of the input, and the caller what it makes of the result', async () => {
    const manager = await started();
    manager.registerHandler(
      implement(sendMail, {
        async handle({ payload }, ctx) {
          await ctx.progress(50);
          return `2027-01-0${payload.copies}T00:00:00Z`;
        },
      }),
    );
    const handle = await manager.submit(sendMail, { to: 'ann@example.org' });
    const sentAt = await handle.result();
    assert.equal(sentAt.getTime(), Date.UTC(2027, 0, 1));
    assert.deepEqual((await handle.task()).payload, { to: 'ann@example.org' }, 'what travels is what was given');
  });

  it('is refused with every fault when the input does not fit, and nothing is submitted', async () => {
    const manager = await started();
    const wrong = { to: 7, copies: 'two' } as unknown as { to: string };
    await assert.rejects(manager.submit(sendMail, wrong), {
      code: 'invalid_request',
      faults: [
        { path: 'payload.to', message: 'must be a text' },
        { path: 'payload.copies', message: 'must be a number' },
      ],
    });
    await assert.rejects(manager.submitMany(sendMail, [{ to: 'a' }, wrong]), /\[1\]\.payload\.to must be a text/);
    assert.equal((await manager.list()).total, 0);
  });

  it('fails without a retry when it was submitted past the contract', async () => {
    const manager = await started();
    let runs = 0;
    manager.registerHandler(
      implement(sendMail, {
        handle() {
          runs++;
          return '2027-01-01T00:00:00Z';
        },
      }),
    );
    const handle = await manager.submitTask('send_mail', { copies: 2 }, withRetry(5));
    const task = await handle.settled();
    assert.equal(task.status, 'failed');
    assert.equal(task.errorCode, 'non_retryable');
    assert.match(task.error ?? '', /payload does not fit the contract: payload\.to: must be a text/);
    assert.equal(task.attempts.length, 1);
    assert.equal(runs, 0);
  });

  it('fails without a retry when the handler returns something else', async () => {
    const manager = await started();
    manager.registerHandler(implement(sendMail, { handle: async () => 'never' }));
    const handle = await manager.submit(sendMail, { to: 'a' }, withRetry(5));
    await assert.rejects(handle.result(), (error: unknown) => {
      assert.ok(error instanceof TaskFailed);
      assert.equal(error.code, 'non_retryable');
      assert.match(error.message, /result does not fit the contract: result: must be a time/);
      return true;
    });
  });

  it('waits for schemas that take their time, on the way in and out', async () => {
    const manager = await started();
    const slow = defineTask({ type: 'slow_mail', input: late(mail), output: late(instant) });
    manager.registerHandler(implement(slow, { handle: ({ payload }) => `2027-01-0${payload.copies}T00:00:00Z` }));
    const handle = await manager.submit(slow, { to: 'a', copies: 3 });
    assert.equal((await handle.result()).getUTCDate(), 3);
    await assert.rejects(manager.submit(slow, {} as { to: string }), /payload\.to must be a text/);
  });

  it('says so when a result does not fit what this program expects', async () => {
    const manager = await started();
    manager.registerHandler({ type: 'send_mail', handle: () => 'tomorrow' });
    const handle = await manager.submit(sendMail, { to: 'a' });
    await assert.rejects(handle.result(), (error: unknown) => {
      assert.ok(error instanceof ContractMismatch);
      assert.equal(error.code, 'contract_mismatch');
      assert.equal(error.retryable, false);
      assert.deepEqual(error.faults, [{ path: 'result', message: 'must be a time' }]);
      return true;
    });
  });

  it('reports progress of its type to whoever watches', async () => {
    const manager = await started();
    manager.registerHandler(
      implement(sendMail, {
        async handle(_task, ctx) {
          await ctx.progress(50);
          return '2027-01-01T00:00:00Z';
        },
      }),
    );
    const handle = await manager.submit(sendMail, { to: 'a' });
    const seen: (number | null)[] = [];
    let last = '';
    for await (const change of handle.watch()) {
      seen.push(change.progress);
      last = change.status;
    }
    assert.ok(seen.includes(50), JSON.stringify(seen));
    assert.equal(last, 'success');
  });

  it('brings its own options, which those of the submit win over', async () => {
    const manager = await started();
    const resize = defineTask({
      type: 'resize',
      input: typed<{ user: string }>(),
      retry: { max: 7, type: 'fixed', delay: '2m' },
      timeouts: { queue: '1h', process: '5m' },
      concurrency: { max: 2, key: ({ user }) => `user:${user}` },
    });
    const plain = await (await manager.submit(resize, { user: 'ann' })).task();
    assert.equal(plain.maxRetry, 7);
    assert.equal(plain.retryStrategy.type, 'fixed');
    assert.equal(plain.retryStrategy.delayMs, 120_000);
    assert.deepEqual([plain.queueTimeoutMs, plain.processTimeoutMs], [3_600_000, 300_000]);
    assert.deepEqual([plain.concurrencyKey, plain.maxConcurrency], ['user:ann', 2]);
    const [own] = await manager.submitMany(resize, [{ user: 'ben' }], withRetry(0), withPriority(9));
    const task = await own?.task();
    assert.deepEqual([task?.maxRetry, task?.priority, task?.concurrencyKey], [0, 9, 'user:ben']);
  });

  it('without schemas takes anything', async () => {
    const manager = await started();
    const any = defineTask({ type: 'any' });
    manager.registerHandler(implement(any, { handle: ({ payload }) => payload }));
    assert.deepEqual(await (await manager.submit(any, [1, { two: 2 }])).result(), [1, { two: 2 }]);
  });

  it('cannot have a type that is no type name', () => {
    assert.throws(() => defineTask({ type: 'send mail' }), { code: 'invalid_request' });
  });
});

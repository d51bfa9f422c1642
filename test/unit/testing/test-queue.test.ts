import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineTask, type Handler, implement, NonRetryableError, RetryAfterError, typed } from '../../../src/index.ts';
import { createTestQueue } from '../../../src/testing.ts';

const remind = defineTask({
  type: 'remind',
  input: typed<{ user: string }>(),
  retry: { max: 3, type: 'fixed', delay: '10m', jitter: 0 },
});

describe('a test queue', () => {
  it('runs a delayed task when its time has come, and no sooner', async () => {
    const ran: string[] = [];
    await using queue = await createTestQueue({
      handlers: [implement(remind, { handle: ({ payload }) => ran.push(payload.user) })],
    });
    const handle = await queue.submit(remind, { user: 'ann' }, { delay: '5m' });
    await queue.advance('4m59s');
    assert.deepEqual(ran, []);
    await queue.advance('1s');
    assert.deepEqual(ran, ['ann']);
    assert.equal(await handle.status(), 'success');
    assert.equal(queue.now.toISOString(), '2026-01-01T00:05:00.000Z');
  });

  it('lets retries happen at their times', async () => {
    const at: string[] = [];
    await using queue = await createTestQueue({ now: new Date('2027-05-05T12:00:00Z') });
    queue.registerHandler(
      implement(remind, {
        handle() {
          at.push(queue.now.toISOString().slice(11, 16));
          throw new Error('not yet');
        },
      }),
    );
    const handle = await queue.submit(remind, { user: 'ann' });
    await queue.drain();
    assert.deepEqual(at, ['12:00', '12:10', '12:20', '12:30']);
    assert.equal(await handle.status(), 'failed');
  });

  it('keeps to RetryAfterError, queue timeouts, process timeouts and cancels', async () => {
    const aborted: string[] = [];
    const handlers: Handler[] = [
      {
        type: 'later',
        handle(task) {
          if (task.retry === 0) throw new RetryAfterError('busy', 3600);
        },
      },
      {
        type: 'endless',
        handle: (_task, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              aborted.push(String(signal.reason?.reason));
              reject(signal.reason);
            });
          }),
      },
    ];
    await using queue = await createTestQueue({ handlers });
    const later = await queue.submitTask('later');
    const unheard = await queue.submitTask('unheard', {}, { queueTimeout: '20m' });
    const endless = await queue.submitTask('endless', {}, { processTimeout: '1m', maxRetry: 0 });
    const canceled = await queue.submitTask('endless', {}, { processTimeout: 0 });
    await queue.advance('30s');
    assert.equal(await canceled.cancel(), 'cancel_requested');
    await queue.advance('59m');
    assert.equal(await later.status(), 'pending');
    assert.equal(await unheard.status(), 'timeout');
    assert.equal((await endless.task()).errorCode, 'process_timeout');
    assert.equal(await canceled.status(), 'canceled');
    assert.deepEqual(aborted, ['canceled', 'process_timeout']);
    await queue.advance('1m');
    assert.equal(await later.status(), 'success');
  });

  it('shows what was submitted, in order, also when nobody runs it', async () => {
    await using queue = await createTestQueue();
    await queue.submitMany(remind, [{ user: 'ann' }, { user: 'ben' }]);
    await queue.submitTask('other', 1);
    const submitted = await queue.submitted(remind);
    assert.deepEqual(
      submitted.map(({ payload, maxRetry }) => [payload.user, maxRetry]),
      [
        ['ann', 3],
        ['ben', 3],
      ],
    );
    assert.deepEqual(
      (await queue.submitted('other')).map(({ payload }) => payload),
      [1],
    );
    assert.deepEqual(await queue.submitted('none'), []);
  });

  it('says which tasks are left when they do not end', async () => {
    await using queue = await createTestQueue({ settings: { queue: { defaultTimeout: 0 } } });
    const { id } = await queue.submitTask('nobody');
    await assert.rejects(queue.drain({ within: '1h' }), new RegExp(`left after 1h:\\n +${id} nobody: no_handler`));
    await assert.rejects(queue.advance('soon'), TypeError);
  });

  it('runs 10,000 tasks with a day of delays and retries in virtual time', async (t) => {
    const start = performance.now();
    const flaky: Handler = {
      type: 'flaky',
      handle({ retry, payload }) {
        if (retry < 3) throw new Error('once more');
        if (payload === 9999) throw new NonRetryableError('the last one is hopeless');
        return payload;
      },
    };
    await using queue = await createTestQueue({ handlers: [flaky], settings: { queue: { defaultTimeout: 0 } } });
    const retryStrategy = { delay: '1h', factor: 3, maxDelay: '12h' };
    await queue.submitTasks(
      Array.from({ length: 10_000 }, (_, n) => ({ type: 'flaky', payload: n, delay: n, retryStrategy, maxRetry: 5 })),
    );
    await queue.drain();
    const { flaky: counts } = (await queue.stats()).types;
    assert.deepEqual([counts?.success, counts?.failed, counts?.pending], [9_999, 1, 0]);
    const hours = (queue.now.getTime() - Date.UTC(2026, 0, 1)) / 3_600_000;
    assert.ok(hours > 13 && hours < 18, `${hours} hours have passed`);
    t.diagnostic(`${hours.toFixed(1)} hours of 40,000 runs in ${Math.round(performance.now() - start)} ms`);
  });
});

// The validation libraries that people really use, as contracts: same input, same faults, same result for each.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { defineTask, implement, withRetry } from '../../../src/index.ts';
import { createTestQueue, type TestQueue } from '../../../src/testing.ts';

const libraries = {
  zod: defineTask({
    type: 'send_mail',
    input: z.object({ to: z.email(), copies: z.int().min(1).default(1), tags: z.array(z.string()).optional() }),
    output: z.object({ sentAt: z.iso.datetime().transform((text) => new Date(text)) }),
    progress: z.number().max(100),
  }),
  valibot: defineTask({
    type: 'send_mail',
    input: v.object({
      to: v.pipe(v.string(), v.email()),
      copies: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
      tags: v.optional(v.array(v.string())),
    }),
    output: v.object({
      sentAt: v.pipe(
        v.string(),
        v.isoTimestamp(),
        v.transform((text) => new Date(text)),
      ),
    }),
    progress: v.pipe(v.number(), v.maxValue(100)),
  }),
  arktype: defineTask({
    type: 'send_mail',
    input: type({ to: 'string.email', copies: 'number.integer >= 1 = 1', 'tags?': 'string[]' }),
    output: type({ sentAt: 'string.date.iso.parse' }),
    progress: type('number <= 100'),
  }),
};

const open: TestQueue[] = [];
afterEach(async () => {
  for (const queue of open.splice(0)) await queue.close();
});

async function started(): Promise<TestQueue> {
  const queue = await createTestQueue();
  open.push(queue);
  return queue;
}

for (const [library, sendMail] of Object.entries(libraries)) {
  describe(`a contract of ${library}`, () => {
    it('gives the handler the defaults, and the caller the converted result', async () => {
      const queue = await started();
      const progress: unknown[] = [];
      queue.registerHandler(
        implement(sendMail, {
          async handle({ payload }, ctx) {
            await ctx.progress(payload.copies * 50);
            return { sentAt: `2027-01-0${payload.copies}T00:00:00Z` };
          },
        }),
      );
      const handle = await queue.submit(sendMail, { to: 'ann@example.org' });
      await queue.drain();
      assert.deepEqual(await handle.result(), { sentAt: new Date('2027-01-01T00:00:00Z') });
      for await (const change of handle.watch()) progress.push(change.progress);
      assert.deepEqual(progress, [50]);
      assert.deepEqual((await handle.task()).payload, { to: 'ann@example.org' }, 'what travels is what was given');
    });

    it('refuses an input that does not fit, with every fault and where it is', async () => {
      const queue = await started();
      const wrong = { to: 'nobody', copies: 0, tags: ['a', 7] } as unknown as { to: string };
      await assert.rejects(queue.submit(sendMail, wrong), (error: { code: string; faults: { path: string }[] }) => {
        assert.equal(error.code, 'invalid_request');
        const paths = error.faults.map(({ path }) => path);
        assert.deepEqual(paths.sort(), ['payload.copies', 'payload.tags[1]', 'payload.to']);
        return true;
      });
      assert.equal((await queue.list()).total, 0);
    });

    it('fails what was submitted past it before it runs, without a retry', async () => {
      const queue = await started();
      let runs = 0;
      queue.registerHandler(
        implement(sendMail, {
          handle() {
            runs++;
            return { sentAt: '2027-01-01T00:00:00Z' };
          },
        }),
      );
      const handle = await queue.submitTask('send_mail', { to: 'nobody' }, withRetry(5));
      await queue.drain();
      const { status, errorCode, error, attempts } = await handle.task();
      assert.deepEqual([status, errorCode, attempts.length, runs], ['failed', 'non_retryable', 1, 0]);
      assert.match(error ?? '', /payload does not fit the contract: payload\.to: /);
    });

    it('fails a result that does not fit, without a retry', async () => {
      const queue = await started();
      queue.registerHandler(implement(sendMail, { handle: () => ({ sentAt: 'tomorrow' }) }));
      const handle = await queue.submit(sendMail, { to: 'ann@example.org' }, withRetry(5));
      await queue.drain();
      await assert.rejects(handle.result(), /result does not fit the contract: result\.sentAt: /);
    });
  });
}

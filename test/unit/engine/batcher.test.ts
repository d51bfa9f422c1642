// Calls that arrive together travel together, and no caller notices the others.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import { Batcher } from '../../../src/engine/batcher.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends answer ten times the item, when the test says so. */
function slowBatcher(max = 1000, how: ConstructorParameters<typeof Batcher>[2] = {}) {
  const sent: { readonly batch: readonly number[]; readonly answer: PromiseWithResolvers<void> }[] = [];
  const batcher = new Batcher<number, number>(
    async (batch) => {
      const answer = Promise.withResolvers<void>();
      sent.push({ batch, answer });
      await answer.promise;
      return batch.map((item) => item * 10);
    },
    max,
    how,
  );
  return { batcher, sent };
}

describe('a batcher', () => {
  it('sends a call at once when none is under way', async () => {
    const { batcher, sent } = slowBatcher();
    const answer = batcher.one(1);
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(
      sent.map(({ batch }) => batch),
      [[1]],
    );
    sent[0]?.answer.resolve();
    assert.equal(await answer, 10);
  });

  it('sends calls of one turn together', async () => {
    const { batcher, sent } = slowBatcher();
    const answers = Promise.all([batcher.one(1), batcher.many([2, 3]), batcher.one(4)]);
    await turn();
    assert.deepEqual(
      sent.map(({ batch }) => batch),
      [[1, 2, 3, 4]],
    );
    sent[0]?.answer.resolve();
    assert.deepEqual(await answers, [10, [20, 30], 40]);
  });

  it('gathers what comes while a call is under way, and sends it when that is back', async () => {
    const { batcher, sent } = slowBatcher();
    const answers = [batcher.one(1)];
    await turn();
    answers.push(batcher.one(2));
    await turn();
    answers.push(batcher.one(3));
    await turn();
    assert.equal(sent.length, 1);
    sent[0]?.answer.resolve();
    await turn();
    assert.deepEqual(sent[1]?.batch, [2, 3]);
    sent[1]?.answer.resolve();
    assert.deepEqual(await Promise.all(answers), [10, 20, 30]);
  });

  it('keeps a call together unless it is larger than a batch', async () => {
    const { batcher, sent } = slowBatcher(4);
    const answers = Promise.all([batcher.many([1, 2, 3]), batcher.many([4, 5]), batcher.many([6, 7, 8, 9, 10])]);
    for (let n = 0; n < 5; n++) {
      await turn();
      sent[n]?.answer.resolve();
    }
    assert.deepEqual(await answers, [
      [10, 20, 30],
      [40, 50],
      [60, 70, 80, 90, 100],
    ]);
    assert.deepEqual(
      sent.map(({ batch }) => batch),
      [[1, 2, 3], [4, 5], [6, 7, 8, 9], [10]],
    );
  });

  it('sends what waits when nothing is under way in halves, so that callers who call again stay in two groups', async () => {
    const { batcher, sent } = slowBatcher(1000, { underWayMax: 2, inHalves: true });
    const sizes = (): number[] => sent.map(({ batch }) => batch.length);
    const callers = Array.from({ length: 20 }, async (_, item) => {
      for (let times = 0; times < 3; times++) assert.equal(await batcher.one(item), item * 10);
    });
    for (let n = 0; n < 4; n++) await turn();
    assert.deepEqual(sizes(), [10, 10]);
    for (let answered = 0; answered < 6; answered++) {
      sent[answered]?.answer.resolve();
      for (let n = 0; n < 4; n++) await turn();
    }
    await Promise.all(callers);
    assert.deepEqual(sizes(), [10, 10, 10, 10, 10, 10]);
  });

  it('does not halve what is small', async () => {
    const { batcher, sent } = slowBatcher(1000, { underWayMax: 2, inHalves: true });
    const answers = Promise.all(Array.from({ length: 15 }, (_, item) => batcher.one(item)));
    await turn();
    assert.deepEqual(
      sent.map(({ batch }) => batch.length),
      [15],
    );
    sent[0]?.answer.resolve();
    await answers;
  });

  it('gives each caller an error of its own when the store is away', async () => {
    const batcher = new Batcher<number, number>(() => Promise.reject(new StoreUnavailable('away')), 10);
    const [a, b] = await Promise.allSettled([batcher.one(1), batcher.one(2)]);
    assert.ok(a.status === 'rejected' && b.status === 'rejected');
    assert.ok(a.reason instanceof StoreUnavailable && b.reason instanceof StoreUnavailable);
    assert.notEqual(a.reason, b.reason);
    assert.equal((a.reason as Error).message, 'away');
  });

  it('does not let one bad item fail the calls that travel with it', async () => {
    const batcher = new Batcher<number, number>(async (batch) => {
      if (batch.includes(13)) throw new RangeError('13');
      return batch;
    }, 10);
    const answers = await Promise.allSettled([batcher.one(1), batcher.many([12, 13]), batcher.one(2)]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  it('works on after a failure', async () => {
    let isAway = true;
    const batcher = new Batcher<number, number>(async (batch) => {
      if (isAway) throw new StoreUnavailable('away');
      return batch;
    }, 10);
    await assert.rejects(batcher.one(1), StoreUnavailable);
    isAway = false;
    assert.equal(await batcher.one(2), 2);
  });

  it('answers nothing to a call of nothing, without sending anything', async () => {
    const { batcher, sent } = slowBatcher();
    assert.deepEqual(await batcher.many([]), []);
    await turn();
    assert.equal(sent.length, 0);
  });

  it('gives every caller its own answers in order, whatever arrives when', async () => {
    const calls = fc.array(fc.record({ size: fc.integer({ min: 0, max: 9 }), turns: fc.integer({ min: 0, max: 2 }) }));
    await fc.assert(
      fc.asyncProperty(calls, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (list, max, inHalves) => {
        const batches: number[] = [];
        const batcher = new Batcher<number, number>(
          async (batch) => {
            batches.push(batch.length);
            await turn();
            return batch.map((item) => -item);
          },
          max,
          { underWayMax: inHalves ? 2 : 1, inHalves },
        );
        let next = 0;
        const answers: Promise<void>[] = [];
        for (const { size, turns } of list) {
          const items = Array.from({ length: size }, () => next++);
          const expected = items.map((item) => -item);
          answers.push(batcher.many(items).then((got) => assert.deepEqual(got, expected)));
          for (let n = 0; n < turns; n++) await turn();
        }
        await Promise.all(answers);
        assert.ok(batches.every((size) => size <= max));
        assert.equal(
          batches.reduce((sum, size) => sum + size, 0),
          next,
        );
      }),
      { numRuns: 50 },
    );
  });
});

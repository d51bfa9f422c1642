// The table of a task's life: generated tests over every pair of states, legal or not.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLegal, LIFECYCLE, type Transition } from '../../../src/domain/lifecycle.ts';
import { FINAL_STATUSES, isFinal, STATUSES } from '../../../src/domain/task.ts';

/** CONTRACT of the product, written out by hand so that a slip in the table is seen. */
const LEGAL = new Set([
  '- pending',
  'pending processing',
  'pending timeout',
  'pending canceled',
  'processing success',
  'processing pending',
  'processing failed',
  'processing canceled',
  'failed pending',
  'canceled pending',
  'timeout pending',
]);
const table: readonly Transition[] = LIFECYCLE;

describe('the life of a task', () => {
  for (const from of [null, ...STATUSES]) {
    for (const to of STATUSES) {
      const isAllowed = LEGAL.has(`${from ?? '-'} ${to}`);
      it(`${isAllowed ? 'may' : 'may not'} go from ${from ?? 'nothing'} to ${to}`, () => {
        assert.equal(isLegal(from, to), isAllowed);
      });
    }
  }

  it('begins in exactly one way', () => {
    assert.deepEqual(
      table.filter(({ from }) => from === null).map(({ name, to }) => `${name} -> ${to}`),
      ['submit -> pending'],
    );
  });

  it('reaches every state from the beginning', () => {
    const reached = new Set<string>();
    for (let grows = true; grows; ) {
      const before = reached.size;
      for (const { from, to } of table) if (from === null || reached.has(from)) reached.add(to);
      grows = reached.size > before;
    }
    assert.deepEqual([...reached].sort(), [...STATUSES].sort());
  });

  it('can end from every state that is not final', () => {
    for (const status of STATUSES.filter((candidate) => !isFinal(candidate))) {
      assert.ok(
        table.some(({ from, to }) => from === status && isFinal(to)),
        status,
      );
    }
  });

  it('leaves a final state only when a client asks for it, and a success never', () => {
    for (const { from, name, by } of table.filter((step) => step.from !== null && isFinal(step.from))) {
      assert.equal(`${name} by ${by}`, 'revive by client');
      assert.notEqual(from, 'success');
    }
  });

  it('names each way between two states once', () => {
    const ways = table.map(({ name, from, to }) => `${name} ${from} ${to}`);
    assert.equal(new Set(ways).size, ways.length);
  });
});

describe('a status', () => {
  it('is final or not, as the list of final ones says', () => {
    const final: readonly string[] = FINAL_STATUSES;
    for (const status of STATUSES) assert.equal(isFinal(status), final.includes(status), status);
  });
});

// Calls that share a transaction: each stands or falls by itself, wherever it is among them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { SqliteCore } from '../../../src/adapters/sqlite/core.ts';
import { openDatabase } from '../../../src/adapters/sqlite/database.ts';
import type { Call } from '../../../src/adapters/sqlite/operations.ts';
import { submissionRow } from '../../../src/adapters/sqlite/submission-row.ts';
import { aSubmission, SETTINGS } from '../../conformance/builders.ts';

const aCore = () => new SqliteCore(openDatabase(':memory:'), new ManualClock(), SETTINGS);

function submits(...ids: readonly string[]): Call {
  return { name: 'submit', args: [ids.map((id) => submissionRow(aSubmission({ id })))] };
}

/** Its first task is fine, its second one is none. */
function failing(id: string): Call {
  const [good, bad] = [id, `${id}-bad`].map((each) => submissionRow(aSubmission({ id: each })));
  assert.ok(good && bad);
  bad[3] = 'no number' as unknown as number;
  return { name: 'submit', args: [[good, bad]] };
}

function storedOf(core: SqliteCore, ids: readonly string[]): string[] {
  const [answer] = core.run([{ name: 'get', args: [ids] }]).answers;
  assert.ok(answer?.ok);
  return ids.filter((_, n) => (answer.value as readonly unknown[])[n] !== null);
}

describe('calls of one transaction', () => {
  for (const [place, calls] of [
    ['first', [failing('x'), submits('a'), submits('b')]],
    ['in the middle', [submits('a'), failing('x'), submits('b')]],
    ['last', [submits('a'), submits('b'), failing('x')]],
  ] as const) {
    it(`stand when the one that fails is ${place}, and nothing of it stays`, () => {
      const core = aCore();
      const { answers } = core.run(calls);
      assert.equal(answers.filter(({ ok }) => ok).length, 2);
      assert.deepEqual(storedOf(core, ['a', 'b', 'x', 'x-bad']), ['a', 'b']);
      const [stats] = core.run([{ name: 'stats', args: [] }]).answers;
      assert.ok(stats?.ok);
      assert.equal((stats.value as { readonly accepted: number }).accepted, 2);
      core.close();
    });
  }
});

describe('a batch of new tasks', () => {
  for (const size of [1, 7, 8, 9, 16, 27]) {
    it(`of ${size} is stored to the last one`, () => {
      const core = aCore();
      const ids = Array.from({ length: size }, (_, n) => `t-${String(n).padStart(2, '0')}`);
      const [answer] = core.run([submits(...ids)]).answers;
      assert.ok(answer?.ok);
      assert.deepEqual(storedOf(core, ids), ids);
      core.close();
    });
  }

  it('finds a task that came earlier in the same batch', () => {
    const core = aCore();
    const [answer] = core.run([submits('b', 'c', 'b', 'a', 'c')]).answers;
    assert.ok(answer?.ok);
    assert.deepEqual(
      (answer.value as readonly { readonly state: string }[]).map(({ state }) => state),
      ['created', 'created', 'exists', 'created', 'exists'],
    );
    core.close();
  });
});

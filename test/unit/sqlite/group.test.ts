// A group of calls shares one transaction: all of it is kept, but for a call that fails by itself.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { SqliteCore } from '../../../src/adapters/sqlite/core.ts';
import { openDatabase } from '../../../src/adapters/sqlite/database.ts';
import { eventsOf } from '../../../src/adapters/sqlite/event-text.ts';
import type { Call } from '../../../src/adapters/sqlite/operations.ts';
import { submissionRow } from '../../../src/adapters/sqlite/submission-row.ts';
import { aSubmission, SETTINGS } from '../../conformance/builders.ts';

const submit = (id: string): Call => ({ name: 'submit', args: [[submissionRow(aSubmission({ id }))]] });
const claim: Call = { name: 'claim', args: [{ requestId: 'r', nodeId: 'n', types: ['mail'], count: 10 }] };
const mistake = { name: 'submit', args: [null] } as unknown as Call;

function valuesOf(core: SqliteCore, ...calls: Call[]): unknown[] {
  return core.run(calls).answers.map((answer) => (answer.ok ? answer.value : assert.fail(String(answer.error))));
}

it('a call that fails by itself takes nothing of its neighbours with it, and leaves nothing', () => {
  const core = new SqliteCore(openDatabase(':memory:'), new ManualClock(), SETTINGS);
  const { answers, signals } = core.run([submit('a'), mistake, submit('b'), claim]);
  assert.deepEqual(
    answers.map(({ ok }) => ok),
    [true, false, true, true],
  );
  assert.equal(signals.filter(({ kind }) => kind === 'work').length, 2, 'what was undone announces nothing');
  const [tasks, outbox, findings] = valuesOf(
    core,
    { name: 'get', args: [['a', 'b']] },
    { name: 'readOutbox', args: [null, 10] },
    { name: 'audit', args: ['report'] },
  ) as [{ row: unknown }[], [number, string][], unknown[]];
  assert.equal(tasks.filter((task) => task !== null).length, 2);
  assert.equal(outbox.flatMap(([, events]) => eventsOf(events)).length, 4);
  assert.deepEqual(findings, []);
  core.close();
});

it('a pause that ends with a call that fails still gives every lease one more', () => {
  const clock = new ManualClock();
  const core = new SqliteCore(openDatabase(':memory:'), clock, { ...SETTINGS, stallMs: 1000 });
  valuesOf(core, submit('a'), claim);
  clock.advance(SETTINGS.leaseMs + 1);
  const { answers } = core.run([mistake, { name: 'lostLeases', args: [10] }]);
  assert.deepEqual(answers[1], { ok: true, value: [] });
  core.close();
});

// The audit of the fault tests must see what it is there to see: each fault is put into a data file that was fine, and
// the audit has to name it.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ManualClock } from '../../src/adapters/clock/manual-clock.ts';
import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { aSubmission, SETTINGS, succeed } from '../conformance/builders.ts';
import { audit, type Evidence } from './audit.ts';
import type { Run } from './runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'xqueue-audit-'));
const accepted = new Map<string, string>();
const runs: Run[] = [];
/** In the order of acceptance: two free ones, then four of one key with limit 2. */
const ids: string[] = [];

before(async () => {
  const clock = new ManualClock();
  const store = await openSqliteStore({ path: join(folder, 'good.db'), settings: SETTINGS, clock, host: 'direct' });
  const submissions = [
    ...Array.from({ length: 2 }, (_, n) => aSubmission({ payload: `{"n":${n}}` })),
    ...Array.from({ length: 4 }, () => aSubmission({ key: 'k', max: 2 })),
  ];
  for (const { spec } of submissions) accepted.set(spec.id, spec.payload);
  ids.push(...accepted.keys());
  await store.submit(submissions);
  for (let claim = 1; ; claim++) {
    const claimed = await store.claim({ requestId: `${claim}`, nodeId: 'n', types: ['mail'], count: 10 });
    if (claimed.length === 0) break;
    for (const what of ['start', 'end'] as const) {
      for (const { task } of claimed) {
        runs.push({
          what,
          taskId: task.id,
          type: 'mail',
          attempt: 1,
          key: task.concurrencyKey,
          pid: 1,
          at: runs.length,
        });
      }
    }
    clock.advance(10);
    await store.settle(
      claimed.map(({ lease }) => ({ ...lease, outcome: succeed(), handler: 'ended', by: 'holder' as const })),
    );
  }
  await store.close();
});
after(() => rmSync(folder, { recursive: true }));

interface Fault {
  readonly sql?: string;
  readonly runs?: (runs: Run[]) => void;
  readonly evidence?: Partial<Evidence>;
}

async function auditWith({ sql = '', runs: change = () => undefined, evidence = {} }: Fault): Promise<void> {
  const place = mkdtempSync(join(folder, 'case-'));
  const dataFile = join(place, 'x.db');
  copyFileSync(join(folder, 'good.db'), dataFile);
  const file = openDatabase(dataFile);
  file.script(sql);
  file.close();
  const changed = [...runs];
  change(changed);
  writeFileSync(join(place, 'runs.ndjson'), changed.map((run) => `${JSON.stringify(run)}\n`).join(''));
  await audit({ dataFile, folder: place, accepted, state: 'all final', due: 'at once', ...evidence });
}

/** Replaces text in all events. */
const inEvents = (from: string, to: string) => `UPDATE outbox SET events = replace(events, '${from}', '${to}')`;
/** The second pair of the key is claimed before the first has ended. */
const swapEntries = `UPDATE outbox SET position = -position WHERE position IN (3, 4);
  UPDATE outbox SET position = 7 + position WHERE position < 0`;

describe('the audit', () => {
  it('has nothing to say about a store in which all is well', () => auditWith({}));

  const faults: readonly (readonly [string, RegExp, () => Fault])[] = [
    [
      'an accepted task that is gone without a trace',
      /I2: .* is gone/,
      () => ({ evidence: { accepted: new Map([...accepted, ['gone', '{}']]) } }),
    ],
    [
      'a task nobody was told of',
      /I14: 1 tasks nobody was told of/,
      () => ({ evidence: { accepted: new Map([...accepted].slice(1)) } }),
    ],
    [
      'a payload that changed',
      /A2: the payload of .* was \{"n":0\}, is \{"n":7\}/,
      () => ({ sql: `UPDATE spec SET payload = '{"n":7}' WHERE seq = 1` }),
    ],
    ['a task that was removed', /C1/, () => ({ sql: 'DELETE FROM task WHERE seq = 1' })],
    [
      'a counter that is wrong',
      /C1/,
      () => ({ sql: 'UPDATE counter SET n = n + 1 WHERE facet_id = 0 AND status = 2' }),
    ],
    ['an event that is missing', /I5/, () => ({ sql: `DELETE FROM outbox WHERE position = 2` })],
    ['a step the lifecycle does not have', /I4/, () => ({ sql: inEvents('["mail",1,', '["mail",5,') })],
    [
      'a task that changed after its end',
      /I4: .*: success -> processing/,
      () => ({
        sql: `INSERT INTO outbox (events) SELECT replace(events, ',2,', ',4,') FROM outbox WHERE position = 2`,
      }),
    ],
    [
      'a lane that was left behind',
      /R1|I1/,
      () => ({ sql: `INSERT INTO lane VALUES (9, 'old', 1, NULL, 1, 0, NULL, NULL)` }),
    ],
    [
      'a task that never ended',
      /I9|I1|C1/,
      () => ({ sql: `UPDATE task SET status = 0, stage = 0, completed_at = NULL WHERE seq = 1` }),
    ],
    [
      'a start before the task was due',
      /I16/,
      () => ({ sql: `UPDATE task SET due_at = started_at + 5 WHERE seq = 2` }),
    ],
    [
      'a start after the wait was over',
      /I12/,
      () => ({
        sql: `UPDATE spec SET queue_timeout_ms = 5 WHERE seq = 1; UPDATE task SET due_at = started_at - 5 WHERE seq = 1`,
      }),
    ],
    [
      'one task too many of a key at once, in what the store says',
      /S1: .*2 of k ran already/,
      () => ({ sql: swapEntries }),
    ],
    [
      'a claim out of order',
      /I17: .* although .* comes first/,
      () => ({ sql: `UPDATE spec SET priority = 5 WHERE seq = 2` }),
    ],
    [
      'one task too many of a key at once, in what handlers did',
      /S2: 3 handlers of k ran at once, limit 2/,
      () => ({ runs: (all) => all.sort((a, b) => (a.what < b.what ? 1 : a.what > b.what ? -1 : 0)) }),
    ],
    [
      'an attempt that started twice',
      /I7: .* has two of start/,
      () => ({ runs: (all) => all.splice(1, 0, all[0] as Run) }),
    ],
    [
      'an attempt the store does not know',
      /I8: .* attempt 2 ran, the store knows 1/,
      () => ({ runs: (all) => all.push({ ...(all[0] as Run), attempt: 2 }) }),
    ],
    ['a success that never started', /I3: .* never started/, () => ({ runs: (all) => all.splice(0, all.length) })],
    [
      'a success that never ended',
      /I3: .* never ended/,
      () => ({
        runs: (all) =>
          all.splice(
            all.findIndex(({ what }) => what === 'end'),
            1,
          ),
      }),
    ],
  ];
  for (const [name, says, fault] of faults) {
    it(`sees ${name}`, () => assert.rejects(auditWith(fault()), { name: 'AssertionError', message: says }));
  }
});

// The data file: who may open it, what is refused and how, what a restart finds.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { DatabaseRefused, openDatabase } from '../../../src/adapters/sqlite/database.ts';
import { openSqliteStore } from '../../../src/adapters/sqlite/open.ts';
import { aSubmission, SETTINGS } from '../../conformance/builders.ts';

describe('the data file of the embedded store', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'xqueue-file-'));
    path = join(folder, 'data', 'x.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made together with its folder', () => {
    openDatabase(path).close();
    assert.deepEqual(new DatabaseSync(path).prepare('SELECT accepted, purged FROM state').all().length, 1);
  });

  it('belongs to one process: a second one is refused with the reason', () => {
    const first = openDatabase(path);
    const program = `import { openDatabase } from ${JSON.stringify(new URL('../../../src/adapters/sqlite/database.ts', import.meta.url).href)};
      try { openDatabase(${JSON.stringify(path)}); console.log('opened'); } catch (error) { console.log(error.name + ': ' + error.message); }`;
    const said = execFileSync(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      program,
    ]);
    assert.match(String(said), /DatabaseRefused: The data file .*x\.db is in use by another process/);
    first.close();
  });

  it('is refused when it is no database, and stays as it was', () => {
    const notes = join(folder, 'notes.txt');
    writeFileSync(notes, 'my shopping list, and a lot more text than a database header has '.repeat(20));
    assert.throws(() => openDatabase(notes), { name: 'DatabaseRefused', message: /is not an XQueue data file/ });
  });

  it('is refused when a newer XQueue wrote it', () => {
    openDatabase(path).close();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 999');
    newer.close();
    assert.throws(
      () => openDatabase(path),
      (error) => error instanceof DatabaseRefused && /newer XQueue/.test(error.message),
    );
  });

  it('is refused when its folder cannot be made', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    assert.throws(() => openDatabase(join(file, 'below', 'x.db')), DatabaseRefused);
  });

  it('in the hands of a thread, answers a refusal as an error of the caller', async () => {
    const first = openDatabase(path);
    await assert.rejects(openSqliteStore({ path, settings: SETTINGS, clock: new ManualClock() }), {
      name: 'DatabaseRefused',
      message: /in use by another process/,
    });
    first.close();
  });

  it('keeps tasks over a restart and gives running ones back at once', async () => {
    const clock = new ManualClock();
    const before = await openSqliteStore({ path, settings: SETTINGS, clock, host: 'direct' });
    await before.submit([aSubmission({ id: 'runs', key: 'k' }), aSubmission({ id: 'waits', key: 'k' })]);
    await before.claim({ requestId: 'r', nodeId: 'n', types: ['mail'], count: 2 });
    await before.locks.acquire({ key: 'lock', owner: 'o', max: 1, ttlMs: 60_000 });
    await before.close();

    const after = await openSqliteStore({ path, settings: SETTINGS, clock, host: 'direct' });
    const [lost] = await after.lostLeases(10);
    assert.equal(lost?.id, 'runs');
    assert.equal(lost?.pastDeadline, false);
    assert.deepEqual(await after.locks.holds(), []);
    const [next] = await after.claim({ requestId: 's', nodeId: 'n', types: ['mail'], count: 2 });
    assert.equal(next?.task.id, 'waits', 'the slot of the lost lease is free at once');
    assert.deepEqual(await after.audit('report'), []);
    await after.close();
  });

  it('never lets its time go back, not even over a restart with a clock that did', async () => {
    const clock = new ManualClock();
    const before = await openSqliteStore({ path, settings: SETTINGS, clock, host: 'direct' });
    const [first] = await before.submit([aSubmission()]);
    await before.close();
    const early = new ManualClock();
    early.set(clock.now() - 3_600_000);
    const after = await openSqliteStore({ path, settings: SETTINGS, clock: early, host: 'direct' });
    const [second] = await after.submit([aSubmission()]);
    assert.ok(first?.state === 'created' && second?.state === 'created');
    assert.ok(second.task.createdAt >= first.task.createdAt);
    await after.close();
  });
});

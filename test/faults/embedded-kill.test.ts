// `kill -9` of the process that owns the data file, at random moments of full work: what was acknowledged is there
// afterwards, the counts are right, what ran is given back at once, and no task ended twice.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { SETTINGS } from '../conformance/builders.ts';
import { audit } from './audit.ts';
import { seeded } from './rig.ts';

const KILLS = Number(process.env['TEST_KILLS'] ?? 12);

it(`keeps every acknowledged task and outcome over ${KILLS} kills at random moments`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-kill-'));
  const path = join(folder, 'x.db');
  const accepted = new Set<string>();
  const settled = new Set<string>();
  try {
    await seeded(async (chance) => {
      for (let kill = 0; kill < KILLS; kill++) {
        await workUntilKilled(path, kill, chance.between(1, 60), accepted, settled);
      }
    });

    const store = await openSqliteStore({ path, settings: SETTINGS, clock: new SystemClock(), host: 'direct' });
    const tasks = await store.get([...accepted]);
    assert.deepEqual(
      [...accepted].filter((_, index) => tasks[index] === null),
      [],
      'accepted and gone',
    );
    const ended = await store.get([...settled]);
    assert.deepEqual(
      ended.filter((task) => task?.status !== 'success').map((task) => task?.id),
      [],
      'acknowledged outcome gone',
    );
    const lost = await store.lostLeases(1000);
    const stats = await store.stats();
    assert.equal(lost.length, stats.types['work']?.processing ?? 0, 'all that ran is given back at once');
    assert.ok(accepted.size > 100 && settled.size > 10, `the run did real work (${accepted.size}, ${settled.size})`);
    await store.close();
    const payloads = new Map([...accepted].map((id) => [id, '{}']));
    await audit({ dataFile: path, accepted: payloads, state: 'any', others: 'some', due: 'at once' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function workUntilKilled(
  path: string,
  round: number,
  killAfterLines: number,
  accepted: Set<string>,
  settled: Set<string>,
): Promise<void> {
  const program = new URL('./embedded-kill-worker.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, ...ids] = line.split(' ');
    // A line that was cut by the kill names no whole id; ids have a fixed length.
    for (const id of ids.filter((each) => each.length === 16)) (what === 'accepted' ? accepted : settled).add(id);
    lines += 1;
    if (lines === killAfterLines) child.kill('SIGKILL');
  }
  await gone;
}

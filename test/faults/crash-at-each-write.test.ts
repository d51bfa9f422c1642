// The data file as a crash would leave it after every single write: the log is cut at each of its frames, and in the
// middle of them. Whatever was acknowledged before the cut is there, whatever was not is wholly there or not at all.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { ManualClock } from '../../src/adapters/clock/manual-clock.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import type { Status } from '../../src/domain/task.ts';
import type { TaskStore } from '../../src/ports/task-store.ts';
import { aSubmission, fail, retryIn, SETTINGS, succeed } from '../conformance/builders.ts';
import type { Chance } from '../differential/chance.ts';
import { seeded } from './rig.ts';

const STEPS = 25;
/** Of the write-ahead log: https://www.sqlite.org/fileformat2.html#walformat */
const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4096;

/** What a client had been told when the log was this long. */
interface Told {
  readonly logBytes: number;
  readonly statuses: ReadonlyMap<string, Status>;
}

it('what was acknowledged survives a cut of the log at any byte', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-cut-'));
  try {
    await seeded(async (chance) => {
      const path = join(folder, 'x.db');
      const store = await openSqliteStore({ path, settings: SETTINGS, clock: new ManualClock(), host: 'direct' });
      const told = await work(store, chance, () => statSync(`${path}-wal`).size);
      const log = readFileSync(`${path}-wal`);
      copyFileSync(path, join(folder, 'copy.db'));
      await store.close();
      assert.ok(log.length > 50 * FRAME_BYTES, `${log.length} bytes of log`);
      for (let end = HEADER_BYTES; end <= log.length; end += FRAME_BYTES) {
        await assertWhole(folder, log.subarray(0, end), told);
        if (!chance.oneIn(3)) continue;
        // A frame that was half written, or whose end never reached the disk.
        const torn = Buffer.from(log.subarray(0, Math.min(log.length, end + chance.between(1, FRAME_BYTES - 1))));
        if (chance.oneIn(2)) torn.fill(0, Math.max(end, torn.length - 100));
        await assertWhole(folder, torn, told);
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Some of everything, and what was acknowledged after each step. */
async function work(store: TaskStore, chance: Chance, logBytes: () => number): Promise<Told[]> {
  const statuses = new Map<string, Status>();
  const told: Told[] = [];
  for (let step = 0; step < STEPS; step++) {
    switch (chance.weighted({ submit: 4, run: 4, cancel: 1 })) {
      case 'submit': {
        const batch = Array.from({ length: chance.between(1, 8) }, () =>
          aSubmission({ key: 'k', max: 3, tags: ['t'] }),
        );
        await store.submit(batch);
        for (const { spec } of batch) statuses.set(spec.id, 'pending');
        break;
      }
      case 'run': {
        const request = { requestId: `${step}`, nodeId: 'n', types: ['mail'], count: chance.between(1, 4) };
        const claimed = await store.claim(request);
        const settlements = claimed.map(({ lease }) => {
          const outcome = chance.pick([succeed('1'), fail(), retryIn(0)]);
          return { ...lease, outcome, handler: 'ended', by: 'holder' } as const;
        });
        const replies = await store.settle(settlements);
        for (const [index, reply] of replies.entries()) {
          if (reply.state === 'settled') statuses.set(settlements[index]?.id ?? '', reply.status);
        }
        break;
      }
      case 'cancel': {
        const some = chance.some([...statuses.keys()]).slice(0, 2);
        for (const reply of await store.cancel(some.map((id) => ({ id })))) {
          if (reply.state === 'canceled') statuses.set(reply.task.id, 'canceled');
        }
      }
    }
    told.push({ logBytes: logBytes(), statuses: new Map(statuses) });
  }
  return told;
}

async function assertWhole(folder: string, log: Buffer, told: readonly Told[]): Promise<void> {
  const path = join(folder, 'cut.db');
  copyFileSync(join(folder, 'copy.db'), path);
  writeFileSync(`${path}-wal`, log);
  const store = await openSqliteStore({ path, settings: SETTINGS, clock: new ManualClock(), host: 'direct' });
  try {
    const at = `log cut at byte ${log.length}`;
    assert.deepEqual(await store.audit('report'), [], at);
    const last = told.findLast(({ logBytes }) => logBytes <= log.length);
    const ids = [...(last?.statuses.keys() ?? [])];
    for (const [index, task] of (await store.get(ids)).entries()) {
      const was = last?.statuses.get(ids[index] ?? '');
      assert.ok(task, `${at}: ${ids[index]} was acknowledged and is gone`);
      if (was !== 'pending') assert.equal(task.status, was, `${at}: outcome of ${task.id}`);
    }
  } finally {
    await store.close();
  }
}

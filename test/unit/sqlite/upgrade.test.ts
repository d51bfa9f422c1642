// A data file that an older version wrote opens with all it holds.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { openSqliteStore } from '../../../src/adapters/sqlite/open.ts';
import { aSubmission, HOUR, nextUuid, SETTINGS } from '../../conformance/builders.ts';

const MIGRATIONS = new URL('../../../src/adapters/sqlite/migrations/', import.meta.url);

/** A delayed task with the tag `x`, as the version before child tasks and reasons of cancels kept it. */
function writeOldFile(path: string, id: string, dueAt: number): void {
  const db = new DatabaseSync(path);
  for (const name of ['0001-initial.sql', '0002-logs.sql']) db.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  db.exec(`UPDATE state SET accepted = 1;
    INSERT INTO type VALUES (1, 'mail');
    INSERT INTO facet VALUES (7, 'tag', 'x');
    INSERT INTO task (seq, id, type_id, status, stage, score, due_at, version, retry, recoveries, attempt, cancel_requested, lease,
      token, settled_token, created_at, updated_at, facets)
      VALUES (1, '${id}', 1, 0, 0, 1, ${dueAt}, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, '[7]');
    INSERT INTO spec VALUES (1, '{"a":[]}', 0, 3, NULL, 0, 0, NULL, NULL, '["x"]');
    INSERT INTO facet_task VALUES (7, 1, 0, 1);
    INSERT INTO counter VALUES (0, 1, 0, 1), (7, 1, 0, 1);
    INSERT INTO outbox (events) VALUES ('[[0,"${id}","mail",0,1,1,0,null,null,null,null,0]]');
    PRAGMA user_version = 2`);
  db.close();
}

describe('a data file of an older version', () => {
  it('keeps its tasks, the tags they are listed under and the events nobody has read, and takes child tasks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'xqueue-upgrade-'));
    const clock = new ManualClock();
    const id = nextUuid();
    writeOldFile(join(folder, 'old.db'), id, clock.now() + HOUR);
    const store = await openSqliteStore({ path: join(folder, 'old.db'), clock, settings: SETTINGS });
    try {
      const [old] = await store.get([id]);
      assert.deepEqual([old?.payload, old?.tags, old?.parentId, old?.status], ['{"a":[]}', ['x'], null, 'pending']);
      const unread = (await store.readOutbox(null, 10)).flatMap((entry) => entry.events());
      assert.deepEqual(
        unread.map(({ taskId, status, version }) => [taskId, status, version]),
        [[id, 'pending', 1]],
      );
      const child = aSubmission({ parentId: id, tags: ['x', 'y'] });
      await store.submit([child]);
      const page = { limit: 10, offset: 0, order: 'asc' } as const;
      const idsOf = async (filter: { tag?: string; parentId?: string }) =>
        (await store.list({ ...filter, ...page })).tasks.map((task) => task.id);
      assert.deepEqual(await idsOf({ tag: 'x' }), [id, child.spec.id]);
      assert.deepEqual(await idsOf({ parentId: id }), [child.spec.id]);
      const [reply] = await store.cancel([{ id, reason: 'too old' }]);
      assert.ok(reply?.state === 'canceled');
      assert.equal(reply.task.error, 'Canceled before it started: too old');
      assert.deepEqual(await store.audit('report'), []);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true });
    }
  });
});

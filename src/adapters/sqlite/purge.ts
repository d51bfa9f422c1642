// Retention: forgets what nobody may ask for any more, a page at a time.
import type { PurgeSweep } from '../../ports/task-store.ts';
import { move } from './changes.ts';
import { dropEmptyFacets } from './facets.ts';
import { wake } from './lanes.ts';
import { forgetNodes } from './nodes.ts';
import type { Step } from './step.ts';

const NODE_REMEMBERED_MS = 3_600_000;
const MINUTES_KEPT_MS = 61 * 60_000;

export function purge(step: Step, limit: number): PurgeSweep {
  const { now } = step;
  const old = step.db.rows<[number, number, number, number | null, string | null]>(
    'SELECT seq, type_id, status, key_id, facets FROM task WHERE status >= 2 AND completed_at <= ? ORDER BY completed_at LIMIT ?',
    now - step.settings.retentionMs,
    limit,
  );
  const facetIds = new Set<number>();
  const draining = new Set(old.length === 0 ? [] : step.db.rows<[number]>(DRAINING).map(([seq]) => seq));
  for (const [seq, typeId, status, keyId, facets] of old) {
    step.db.run('DELETE FROM task WHERE seq = ?', seq);
    step.db.run('DELETE FROM spec WHERE seq = ?', seq);
    step.db.run('DELETE FROM attempt WHERE seq = ?', seq);
    step.db.run('DELETE FROM log WHERE seq = ?', seq);
    if (draining.has(seq)) freeDrained(step, seq);
    move(step, { seq, typeId, keyId, facets }, status, null);
    if (keyId !== null) facetIds.add(keyId);
    if (facets !== null) for (const id of JSON.parse(facets) as number[]) facetIds.add(id);
  }
  if (old.length > 0) step.purgedSome(old.length);
  dropEmptyFacets(step, facetIds);
  step.db.run(
    'DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= ? LIMIT ?)',
    now,
    limit,
  );
  forgetNodes(step, NODE_REMEMBERED_MS);
  step.db.run('DELETE FROM hold WHERE expires_at <= ?', now);
  step.db.run('DELETE FROM minute WHERE at < ?', now - MINUTES_KEPT_MS);
  const next = step.db.row<[number | null]>('SELECT min(completed_at) FROM task WHERE status >= 2')?.[0];
  const nextMs = next === null || next === undefined ? null : Math.max(0, next + step.settings.retentionMs - now);
  return { purged: old.length, nextMs };
}

const DRAINING = 'SELECT seq FROM draining_slot';

/** A handler that ignored its end for the whole retention: nobody may release its slots once the task is forgotten. */
function freeDrained(step: Step, seq: number): void {
  const freed = step.db.rows<[string]>('DELETE FROM draining_slot WHERE seq = ? RETURNING key', seq);
  for (const [key] of freed) wake(step, key);
}

// The auditor: each check is a query for what should be impossible. `report` recounts everything; `repair` looks only
// at what lives (waiting, running, slots), so that it stays cheap beside millions of ended tasks, and mends it.
import type { AuditFinding } from '../../ports/task-store.ts';
import { LaneEntries, wake } from './lanes.ts';
import { LEASE_HELD, LEASE_OVER, type Step } from './step.ts';

interface Check {
  readonly invariant: string;
  /** Rows of one text column; each is one finding. */
  readonly sql: string;
  readonly scope: 'live' | 'all';
}

const CHECKS: readonly Check[] = [
  {
    invariant: 'I1',
    scope: 'live',
    sql: `SELECT 'ready task ' || t.id || ' is in a lane that is gone' FROM task t
      WHERE t.lane_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.lane_id = t.lane_id)`,
  },
  {
    invariant: 'I1',
    scope: 'live',
    sql: `SELECT 'lane ' || name || ' has head ' || head || ', its best task ' || coalesce(best, 'none') FROM
      (SELECT name, head, (SELECT min(score) FROM task WHERE task.lane_id = lane.lane_id) AS best FROM lane)
      WHERE best IS NOT head`,
  },
  {
    invariant: 'I1',
    scope: 'all',
    sql: `SELECT 'lane ' || name || ' says ' || ready || ' ready, has ' || n FROM
      (SELECT name, ready, (SELECT count(*) FROM task WHERE task.lane_id = lane.lane_id) AS n FROM lane) WHERE ready <> n`,
  },
  ...[LEASE_HELD, LEASE_OVER].map(
    (lease): Check => ({
      invariant: 'I7',
      scope: 'live',
      // By one state at a time, as its index has it: `lease > 0` would walk through all tasks that are kept.
      sql: `SELECT 'running task ' || id || ' has no lease' FROM task WHERE lease = ${lease} AND (lease_ends IS NULL OR token = 0)`,
    }),
  ),
  {
    invariant: 'S4',
    scope: 'live',
    sql: `SELECT 'draining slot of ' || d.key || ' for task number ' || d.seq || ' belongs to no task that had it' FROM draining_slot d
      WHERE NOT EXISTS (SELECT 1 FROM task t WHERE t.seq = d.seq AND t.token <> d.token)`,
  },
  {
    invariant: 'C1',
    scope: 'all',
    sql: `SELECT 'accepted ' || accepted || ' is not ' || n || ' kept + ' || purged || ' purged' FROM
      (SELECT accepted, purged, (SELECT count(*) FROM task) AS n FROM state) WHERE accepted <> n + purged`,
  },
  {
    invariant: 'C1',
    scope: 'all',
    sql: `SELECT 'counter of type ' || type_id || ' status ' || status || ' differs by ' || sum(n) FROM
      (SELECT type_id, status, n FROM counter WHERE facet_id = 0
       UNION ALL SELECT type_id, status, -count(*) FROM task GROUP BY type_id, status)
      GROUP BY type_id, status HAVING sum(n) <> 0`,
  },
  {
    invariant: 'C1',
    scope: 'all',
    sql: `SELECT 'counter of facet ' || facet_id || ' status ' || status || ' differs by ' || sum(n) FROM
      (SELECT facet_id, type_id, status, n FROM counter WHERE facet_id > 0
       UNION ALL SELECT f.facet_id, t.type_id, t.status, -1 FROM facet_task f JOIN task t ON t.seq = f.seq
       UNION ALL SELECT key_id, type_id, status, -1 FROM task WHERE key_id IS NOT NULL)
      GROUP BY facet_id, type_id, status HAVING sum(n) <> 0`,
  },
  {
    invariant: 'R1',
    scope: 'all',
    sql: `SELECT 'spec of task number ' || seq || ' has no task' FROM spec WHERE seq NOT IN (SELECT seq FROM task)`,
  },
  {
    invariant: 'R1',
    scope: 'all',
    sql: `SELECT 'attempt of task number ' || seq || ' has no task' FROM attempt WHERE seq NOT IN (SELECT seq FROM task)`,
  },
  {
    invariant: 'R1',
    scope: 'all',
    sql: `SELECT 'log of task number ' || seq || ' has no task' FROM log WHERE seq NOT IN (SELECT seq FROM task) GROUP BY seq`,
  },
];

export function audit(step: Step, mode: 'report' | 'repair'): AuditFinding[] {
  step.writeGathered();
  const checks = mode === 'report' ? CHECKS : CHECKS.filter(({ scope }) => scope === 'live');
  const repaired = mode === 'repair';
  const found = checks.flatMap(({ invariant, sql }) =>
    step.db.once<[string]>(sql).map(([detail]) => ({ invariant, detail, repaired })),
  );
  const { memory } = step;
  for (const detail of memory.held.differences(memory.heldIn(step.db)))
    found.push({ invariant: 'S4', detail, repaired });
  if (mode === 'repair' && found.length > 0) rebuild(step);
  return found;
}

/** Makes lanes and slots anew from the tasks, which are the truth. */
function rebuild(step: Step): void {
  step.db.run('DELETE FROM draining_slot WHERE seq NOT IN (SELECT seq FROM task)');
  step.db.run(
    `UPDATE task SET lease = ${LEASE_OVER}, lease_ends = updated_at WHERE lease = ${LEASE_HELD} AND lease_ends IS NULL`,
  );
  step.memory.held = step.memory.heldIn(step.db);
  step.memory.runs.clear();
  step.db.run('DELETE FROM lane_key');
  step.db.run('DELETE FROM lane');
  step.memory.parkedKeys.clear();
  const entries = new LaneEntries(step);
  const ready = step.db.rows<[number, number, number, string | null]>(
    'SELECT seq, type_id, score, limits FROM task WHERE lane_id IS NOT NULL',
  );
  for (const [seq, typeId, score, limits] of ready) {
    step.db.run('UPDATE task SET lane_id = ? WHERE seq = ?', entries.enter(step.typeName(typeId), limits, score), seq);
  }
  entries.write();
  for (const key of step.memory.operatorLimits.keys()) wake(step, key);
}

// The registry of nodes.
import type { DrainWish, NodeReport, NodeState } from '../../ports/task-store.ts';
import type { Step } from './step.ts';

export function reportNode(step: Step, report: NodeReport): void {
  step.db.run(REPORT, report.id, JSON.stringify(report), step.now);
}

/** What an operator asked of the node stays. */
const REPORT = `INSERT INTO node (id, report, last_heartbeat_at) VALUES (?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET report = excluded.report, last_heartbeat_at = excluded.last_heartbeat_at`;

export function forgetNode(step: Step, nodeId: string): void {
  step.db.run('DELETE FROM node WHERE id = ?', nodeId);
  step.memory.drained.delete(nodeId);
}

/** Nodes not heard of for so long are forgotten. */
export function forgetNodes(step: Step, silentMs: number): void {
  const gone = step.db.rows<[string]>(
    'DELETE FROM node WHERE last_heartbeat_at <= ? RETURNING id',
    step.now - silentMs,
  );
  for (const [id] of gone) step.memory.drained.delete(id);
}

export function setDrain(step: Step, nodeId: string, wish: DrainWish): { state: 'done' | 'not_found' } {
  const found = step.db.row('UPDATE node SET drain = ? WHERE id = ? RETURNING 1', wish === 'drain' ? 1 : 0, nodeId);
  if (!found) return { state: 'not_found' };
  if (wish === 'drain') step.memory.drained.add(nodeId);
  else if (step.memory.drained.delete(nodeId)) {
    // What became ready meanwhile was announced while the node was given nothing.
    for (const { id, types } of nodes(step)) if (id === nodeId) for (const type of types) step.work(type);
  }
  return { state: 'done' };
}

/** Heard of: a heartbeat says the node lives even while its main thread is blocked. */
export function heardOf(step: Step, nodeId: string): void {
  step.db.run('UPDATE node SET last_heartbeat_at = ? WHERE id = ?', step.now, nodeId);
}

export function nodes(step: Step): NodeState[] {
  return step.db
    .rows<[string, number, number]>('SELECT report, last_heartbeat_at, drain FROM node ORDER BY id')
    .map(([text, lastHeartbeatAt, drain]) => {
      const report = JSON.parse(text) as NodeReport;
      const live = lastHeartbeatAt + step.settings.leaseMs > step.now;
      return { ...report, draining: report.draining || drain === 1, drainAsked: drain === 1, lastHeartbeatAt, live };
    });
}

/** Types that some live node, not draining, can run. */
export function liveTypes(step: Step): ReadonlySet<string> {
  return new Set(nodes(step).flatMap((node) => (node.live && !node.draining ? node.types : [])));
}

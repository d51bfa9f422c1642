// Which types somebody can run right now, as the nodes themselves report.
import type { NodeState } from '../ports/task-store.ts';

/** Types of the live nodes that still take work, with the ids of those nodes; both sorted. */
export function handlersOf(nodes: readonly NodeState[]): { type: string; nodes: string[] }[] {
  const byType = new Map<string, string[]>();
  for (const node of nodes) {
    if (!node.live || node.draining) continue;
    for (const type of node.types) {
      const ids = byType.get(type);
      if (ids === undefined) byType.set(type, [node.id]);
      else ids.push(node.id);
    }
  }
  return [...byType].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, ids]) => ({ type, nodes: ids.sort() }));
}

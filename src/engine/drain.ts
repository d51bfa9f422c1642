// Taking a node out of work and back, by whoever operates it: the store gives a drained node nothing, so the node itself
// need not hear of it, and what it runs goes on.
import type { DrainWish, NodeState, TaskStore } from '../ports/task-store.ts';

/** The function answers the node as it is then; `null`: no such node. */
export function createDrain(store: TaskStore): (nodeId: string, wish: DrainWish) => Promise<NodeState | null> {
  return async (nodeId, wish) => {
    const { state } = await store.setDrain(nodeId, wish);
    if (state === 'not_found') return null;
    return (await store.nodes()).find(({ id }) => id === nodeId) ?? null;
  };
}

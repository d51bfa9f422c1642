// Whether the store can be used right now, found by asking it.
import type { TaskStore } from '../ports/task-store.ts';
import type { EngineHealth } from './engine.ts';

export async function healthOf(store: Pick<TaskStore, 'ping' | 'kind'>): Promise<EngineHealth> {
  try {
    await store.ping();
    return { store: { status: 'ok', kind: store.kind, detail: 'answers' } };
  } catch (error) {
    return {
      store: { status: 'down', kind: store.kind, detail: error instanceof Error ? error.message : 'no answer' },
    };
  }
}

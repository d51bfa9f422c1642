// Facets: the tags, the concurrency key and the parent under which a task can be listed and counted.
import { type Step } from './step.ts';

const CACHED_MAX = 10_000;

export type FacetKind = 'tag' | 'key' | 'parent';

/** The numbers of the task's tags and parent as stored on it (JSON), or null for none. */
export function rowFacets(step: Step, tags: readonly string[], parentId: string | null): string | null {
  if (tags.length === 0 && parentId === null) return null;
  const ids = new Set(tags.map((tag) => facetId(step, 'tag', tag)));
  if (parentId !== null) ids.add(facetId(step, 'parent', parentId));
  return JSON.stringify([...ids]);
}

export function facetId(step: Step, kind: FacetKind, name: string): number {
  const { facetIds } = step.memory;
  const cacheKey = `${kind}:${name}`;
  const cached = facetIds.get(cacheKey);
  if (cached !== undefined) return cached;
  const id = findFacet(step, kind, name) ?? newFacet(step, kind, name);
  if (facetIds.size >= CACHED_MAX) facetIds.clear();
  facetIds.set(cacheKey, id);
  return id;
}

export function findFacet(step: Step, kind: FacetKind, name: string): number | null {
  return step.db.row<[number]>('SELECT facet_id FROM facet WHERE kind = ? AND name = ?', kind, name)?.[0] ?? null;
}

function newFacet(step: Step, kind: FacetKind, name: string): number {
  return step.db.row<[number]>('INSERT INTO facet (kind, name) VALUES (?, ?) RETURNING facet_id', kind, name)?.[0] ?? 0;
}

const USED = `SELECT 1 WHERE EXISTS (SELECT 1 FROM facet_task WHERE facet_id = ?)
  OR EXISTS (SELECT 1 FROM task WHERE key_id = ?)`;

/** After a purge: facets nobody has any more. */
export function dropEmptyFacets(step: Step, facetIds: Iterable<number>): void {
  for (const id of facetIds) {
    const used = step.db.row<[number]>(USED, id, id);
    if (used) continue;
    step.db.run('DELETE FROM counter WHERE facet_id = ?', id);
    step.db.run('DELETE FROM facet WHERE facet_id = ?', id);
    step.memory.facetIds.clear();
  }
}

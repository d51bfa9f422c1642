// What a list is asked for on the wire, as the stores are asked.
import type { ListQuery } from '../ports/task-store.ts';
import type { BulkFilter } from '../protocol/schemas/bulk.ts';
import { parseTimestamp } from '../protocol/timestamps.ts';

export type ListFilter = Omit<ListQuery, 'limit' | 'offset' | 'order'>;

export function filterOf(given: BulkFilter): ListFilter {
  const { status, type, tag, concurrency_key: concurrencyKey, parent_id: parentId } = given;
  const createdFrom = instantOf(given.created_after);
  const createdBefore = instantOf(given.created_before);
  return {
    ...(status === undefined ? {} : { status }),
    ...(type === undefined ? {} : { type }),
    ...(tag === undefined ? {} : { tag }),
    ...(concurrencyKey === undefined ? {} : { concurrencyKey }),
    ...(parentId === undefined ? {} : { parentId }),
    ...(createdFrom === undefined ? {} : { createdFrom }),
    ...(createdBefore === undefined ? {} : { createdBefore }),
  };
}

/** The schemas have checked that it is an instant. */
function instantOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : (parseTimestamp(text) ?? undefined);
}

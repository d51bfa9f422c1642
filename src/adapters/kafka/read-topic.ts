// Reads a topic once, from a place to its present end, in large pages: for rebuilding.
import type { LogPage, ReadOptions } from '../../ports/task-log.ts';
import type { Fetcher, FetchLimits } from './fetcher.ts';

const PAGES: FetchLimits = { waitMs: 100, minBytes: 1, maxBytes: 8 * 1024 * 1024 };

export async function* readTopic(fetcher: Fetcher, { from, signal }: ReadOptions): AsyncGenerator<LogPage> {
  const bounds = await fetcher.bounds();
  const ends = new Map(bounds.map(({ partition, end }) => [partition, end]));
  const at = new Map<number, number>();
  for (const { partition, earliest, end } of bounds) {
    const start = Math.max(earliest, from?.get(partition) ?? 0);
    if (start < end) at.set(partition, start);
  }
  while (at.size > 0) {
    signal?.throwIfAborted();
    const { pages, outOfRange } = await fetcher.fetch(at, PAGES);
    // Retention went past the place while we were reading: what is gone cannot be read by anybody.
    for (const partition of outOfRange) {
      const now = (await fetcher.bounds()).find((bound) => bound.partition === partition);
      if (now && now.earliest < (ends.get(partition) ?? 0)) at.set(partition, now.earliest);
      else at.delete(partition);
    }
    for (const page of pages) {
      const end = ends.get(page.partition) ?? 0;
      if (page.next > (at.get(page.partition) ?? 0)) yield { ...page, end };
      if (page.next >= end) at.delete(page.partition);
      else at.set(page.partition, page.next);
    }
  }
}

// How much one script does at once. Redis serves nobody else meanwhile, so what is larger is done in pages, one after the
// other; each takes a millisecond or two at most where tasks have many tags and keys of their own, and less where they have not
// (docs/benchmarks.md has the figures, `node bench/redis-stalls.ts` measures them).

import { isOneLane, laneName } from '../../domain/concurrency.ts';
import type { Submission } from '../../ports/task-store.ts';

/** Tasks per call of each script. */
export const PAGE = {
  claim: 200,
  settle: 100,
  progress: 100,
  cancel: 100,
  revive: 100,
  heartbeat: 100,
  get: 200,
  list: 200,
  /** In any call that shows or takes tasks: what time has done to others. */
  time: 100,
  sweep: 40,
  lost: 50,
  logs: 100,
  types: 30,
  /** An entry has the events of one step, some ten kilobytes of them. */
  entries: 100,
  keys: 30,
  holds: 200,
  /** A piece of tasks is audited in so many. */
  parts: 3,
  /** Pieces of tasks that are recounted. */
  pieces: 6,
} as const;

/** Lanes that a claim looks at: many small ones cost more than many tasks of one. */
export const CLAIM_LANES = 20;

/**
 * Calls for one page after the other and joins the answers. An error of a later page is the error of all: what earlier ones
 * did stays done, and the same call made again finds it so.
 */
export async function inPages<I, O>(
  items: readonly I[],
  size: number,
  call: (page: readonly I[], number: number) => Promise<readonly O[]>,
): Promise<O[]> {
  const answers: O[] = [];
  for (let from = 0; from < items.length; from += size) {
    const page = from === 0 && items.length <= size ? items : items.slice(from, from + size);
    for (const answer of await call(page, from / size)) answers.push(answer);
  }
  return answers;
}

/** What makes a task dearer to accept than others, in tasks: a lane that is named first, a tag. */
const LANE_WEIGHT = 30;
const TAG_WEIGHT = 0.2;
const SUBMIT_WEIGHT_MAX = 1000;

/** Where the page of submissions that begins at `from` ends. Plain tasks are one page, as many as a call may have. */
export function submitPageEnd(batch: readonly Submission[], from: number): number {
  const lanes = new Set<string>();
  let weight = 0;
  let before: Submission['spec'] | null = null;
  for (let at = from; at < batch.length; at++) {
    const { spec } = batch[at] as Submission;
    if (spec.limits.length > 0 && !(before && isOneLane(spec, before))) {
      const lane = laneName(spec.type, spec.limits);
      if (!lanes.has(lane)) weight += LANE_WEIGHT;
      lanes.add(lane);
    }
    before = spec;
    weight += 1 + spec.tags.length * TAG_WEIGHT;
    if (weight > SUBMIT_WEIGHT_MAX && at > from) return at;
  }
  return batch.length;
}

/** The request id of a page: the same for the same page of the same request. */
export function requestOfPage(request: string, page: number): string {
  return page === 0 ? request : `${request}/${page}`;
}

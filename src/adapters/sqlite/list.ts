// Listing: merges the few (type, status) runs that match, each already in order of acceptance, and counts from counters,
// so that a page and its total cost the same with a million tasks as with a hundred.
import type { ListQuery } from '../../ports/task-store.ts';
import { type FacetKind, findFacet } from './facets.ts';
import { taskRow } from './read.ts';
import { Reasons } from './reason.ts';
import type { TaskRow } from './rows.ts';
import { ALL, outsideOf, type Span, spanOf, within } from './span.ts';
import { PENDING, PROCESSING, STATUS_CODES, stageOf } from './status.ts';
import { LEASE_HELD, LEASE_OVER, type Step } from './step.ts';
import { settleTime } from './waiting.ts';

/** SQLite joins at most 500 selects in one statement. */
const RUNS_MAX = 480;

export function list(step: Step, query: ListQuery): { rows: TaskRow[]; total: number } {
  settleTime(step);
  const facets = facetsAsked(step, query);
  if (facets === null) return { rows: [], total: 0 };
  const asked = [facets.key, ...facets.beside].filter((facet) => facet !== null);
  const runs = runsOf(step, query, asked[0] ?? 0);
  const span = spanOf(step, query);
  const chosen = { ...facets, span, busy: busyTypes(step) };
  const total = totalOf(step, chosen, runs, asked.length > 1 ? 'count' : 'counters');
  if (query.offset >= total) return { rows: [], total };
  const isFiltered = asked.length > 0 || span !== ALL || query.type !== undefined || query.status !== undefined;
  const seqs = (isFiltered ? null : pageWithoutGaps(step, query, total)) ?? pageOf(step, query, chosen, runs, total);
  const reasons = new Reasons(step);
  return { rows: seqs.map((seq) => taskRow(step, seq, reasons)), total };
}

function busyTypes(step: Step): ReadonlySet<number> {
  return new Set(step.counted(0).flatMap(({ typeId, status, n }) => (status === PROCESSING && n > 0 ? typeId : [])));
}

interface Run {
  readonly typeId: number;
  readonly status: number;
  readonly n: number;
}

/** What the query names besides type and status, by its numbers. */
interface Facets {
  /** In a column of the task. */
  readonly key: number | null;
  /** In rows beside the task: its tags and its parent. */
  readonly beside: readonly number[];
}

interface Chosen extends Facets {
  readonly span: Span;
  /** Types of which some tasks run: these are among the waiting ones in the indexes, and have to be told apart. */
  readonly busy: ReadonlySet<number>;
}

/** `null` when one of them was never used, so nothing can match. */
function facetsAsked(step: Step, { tag, concurrencyKey, parentId }: ListQuery): Facets | null {
  const key = facetAsked(step, 'key', concurrencyKey);
  const beside = [facetAsked(step, 'parent', parentId), facetAsked(step, 'tag', tag)];
  if (key === 'unknown' || beside.includes('unknown')) return null;
  return { key, beside: beside.filter((facet) => typeof facet === 'number') };
}

function facetAsked(step: Step, kind: FacetKind, name: string | undefined): number | null | 'unknown' {
  return name === undefined ? null : (findFacet(step, kind, name) ?? 'unknown');
}

function runsOf(step: Step, { type, status }: ListQuery, facetId: number): Run[] {
  const typeId = type === undefined ? undefined : step.memory.typeIds.get(type);
  if (type !== undefined && typeId === undefined) return [];
  const code = status === undefined ? undefined : STATUS_CODES.indexOf(status);
  return step
    .counted(facetId)
    .filter((run) => (typeId ?? run.typeId) === run.typeId && (code ?? run.status) === run.status);
}

/** How many match: by the counters as far as they know it, and of a span of time by counting the smaller side. */
function totalOf(step: Step, chosen: Chosen, runs: readonly Run[], how: 'counters' | 'count'): number {
  const { span } = chosen;
  if (how === 'count') return countAll(step, chosen, runs);
  const all = runs.reduce((sum, run) => sum + run.n, 0);
  if (span === ALL) return all;
  const outside = outsideOf(step, span);
  if (outside === null) return countAll(step, chosen, runs);
  return outside.reduce((left, part) => left - countAll(step, { ...chosen, span: part }, runs), all);
}

/** Of all tasks: while none is missing between the first and the last, the place of a task says its number. */
function pageWithoutGaps(step: Step, { limit, offset, order }: ListQuery, total: number): number[] | null {
  const ends = 'SELECT (SELECT min(seq) FROM task), (SELECT max(seq) FROM task)';
  const [first, last] = step.db.row<[number, number]>(ends) ?? [0, 0];
  if (last - first + 1 !== total) return null;
  const take = Math.min(limit, total - offset);
  return Array.from({ length: take }, (_, index) =>
    order === 'desc' ? last - offset - index : first + offset + index,
  );
}

function pageOf(step: Step, query: ListQuery, chosen: Chosen, runs: readonly Run[], total: number): number[] {
  const { limit, offset } = query;
  // The far end of a long list is near the other end.
  const fromEnd = offset + limit > total / 2;
  const order = fromEnd === (query.order === 'desc') ? 'ASC' : 'DESC';
  const take = Math.min(limit, total - offset);
  const skip = fromEnd ? total - offset - take : offset;
  const sql = `${source(chosen, runs)} ORDER BY seq ${order} LIMIT ${take} OFFSET ${skip}`;
  const seqs = step.db.once<[number]>(sql).map(([seq]) => seq);
  return fromEnd ? seqs.reverse() : seqs;
}

/** What runs: through the indexes of held and lost leases, which are small. */
const RUNNING = [LEASE_HELD, LEASE_OVER]
  .map((lease) => `SELECT seq, type_id, key_id FROM task WHERE lease = ${lease}`)
  .join(' UNION ALL ');

/** All numbers are our own; nothing of the query's text reaches the statement. */
function source(facets: Chosen, runs: readonly Run[]): string {
  if (facets.key === null && facets.beside.length === 0 && runs.length > RUNS_MAX) {
    const statuses = new Set(runs.map(({ status }) => status));
    return `SELECT seq FROM task WHERE +status IN (${[...statuses].join()})${within(facets.span)}`;
  }
  return runs.map((run) => sourceOfRun(facets, run)).join(' UNION ALL ');
}

function sourceOfRun({ key, beside, span, busy }: Chosen, { typeId, status }: Run): string {
  const stage = stageOf(status);
  const inSpan = within(span);
  const where = `type_id = ${typeId} AND stage = ${stage}${inSpan}`;
  const keyed = key === null ? '' : ` AND key_id = ${key}`;
  const listed = (facet: number): string =>
    ` AND EXISTS (SELECT 1 FROM facet_task f WHERE f.facet_id = ${facet} AND f.type_id = ${typeId} AND f.stage = ${stage} AND f.seq = t.seq)`;
  const alsoListed = beside.map(listed).join('');
  if (status === PROCESSING)
    return `SELECT seq FROM (${RUNNING}) t WHERE type_id = ${typeId}${inSpan}${keyed}${alsoListed}`;
  const waits = status === PENDING && busy.has(typeId) ? ` AND seq NOT IN (SELECT seq FROM (${RUNNING}))` : '';
  const [first, ...others] = beside;
  if (key !== null || first === undefined) return `SELECT seq FROM task t WHERE ${where}${keyed}${waits}${alsoListed}`;
  return `SELECT seq FROM facet_task t WHERE facet_id = ${first} AND ${where}${waits}${others.map(listed).join('')}`;
}

function countAll(step: Step, facets: Chosen, runs: readonly Run[]): number {
  if (runs.length === 0) return 0;
  return step.db.once<[number]>(`SELECT ${countOf(facets, runs)}`)[0]?.[0] ?? 0;
}

/** Each run by itself: SQLite then counts in the index, without making the rows of a union. */
function countOf(facets: Chosen, runs: readonly Run[]): string {
  if (runs.length > RUNS_MAX) return `(SELECT count(*) FROM (${source(facets, runs)}))`;
  return runs.map((run) => `(SELECT count(*) FROM (${sourceOfRun(facets, run)}))`).join(' + ');
}

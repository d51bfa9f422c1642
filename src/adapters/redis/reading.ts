// Tasks by id and by list.
import type { Task, TaskWithAttempts } from '../../domain/task.ts';
import type { ListQuery, TaskPage } from '../../ports/task-store.ts';
import { attemptsOf } from './attempts.ts';
import { list as asList, text } from './calls.ts';
import { idBytes } from './ids.ts';
import { STATUS_NUMBERS } from './layout.ts';
import { inPages, PAGE } from './pages.ts';
import { keyFacet, parentFacet, tagFacet } from './record.ts';
import type { Shard } from './shard.ts';
import { ALL, outsideOf, type Span, spanOf } from './span.ts';
import { readTasks } from './views.ts';

export function get(shard: Shard, ids: readonly string[]): Promise<(TaskWithAttempts | null)[]> {
  return inPages(ids, PAGE.get, (page) => getPage(shard, page));
}

async function getPage(shard: Shard, ids: readonly string[]): Promise<(TaskWithAttempts | null)[]> {
  const { values } = await shard.read('get', { ids: ids.map(idBytes) });
  const found = readTasks(values[1]);
  const attempts = asList(values[2]);
  let next = 0;
  return Array.from(text(values[0] ?? ''), (letter) => {
    if (letter === '-') return null;
    const task = found[next] as Task;
    return { ...task, attempts: attemptsOf(task, attempts[next++]) };
  });
}

export async function list(shard: Shard, query: ListQuery): Promise<TaskPage> {
  const facets = [
    ...(query.tag === undefined ? [] : [tagFacet(query.tag)]),
    ...(query.concurrencyKey === undefined ? [] : [keyFacet(query.concurrencyKey)]),
    ...(query.parentId === undefined ? [] : [parentFacet(query.parentId)]),
  ];
  const asked = {
    counter: facets[0] ?? '',
    ofStatus: query.status === undefined ? '' : STATUS_NUMBERS[query.status],
    ofType: query.type ?? '',
    facets,
  };
  const { span, ends } = await spanOf(shard, query);
  if (span === ALL)
    return pages(shard, query, { ...asked, ...ALL }, facets.length > 1 ? await count(shard, asked, ALL) : '');
  const outside = facets.length > 1 ? null : outsideOf(span, ends);
  return pages(shard, query, { ...asked, ...span }, await countSpan(shard, asked, span, outside));
}

type Asked = Readonly<Record<string, string | number | string[]>>;

/** How many match within the span: what the tally says without those outside it, where they are fewer. */
async function countSpan(shard: Shard, asked: Asked, span: Span, outside: readonly Span[] | null): Promise<number> {
  if (outside === null) return count(shard, asked, span);
  const tally = { what: 'page', order: 'asc', total: '', skip: 0, take: 0, cursor: '' };
  const { values } = await shard.read('list', { ...asked, ...ALL, ...tally });
  const others = await Promise.all(outside.map((part) => count(shard, asked, part)));
  return others.reduce((left, some) => left - some, Number(values[0]));
}

/** How many tasks match: nothing keeps that number, so they are counted, some hundred pieces per call. */
async function count(shard: Shard, asked: Asked, span: Span): Promise<number> {
  let total = 0;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = { what: 'count', order: 'asc', total: '', skip: 0, take: 0, cursor };
    const { values } = await shard.read('list', { ...asked, ...span, ...page });
    total += Number(values[0]);
    cursor = text(values[4] ?? '') || null;
  }
  return total;
}

async function pages(shard: Shard, query: ListQuery, asked: Asked, counted: number | ''): Promise<TaskPage> {
  const tasks: Task[] = [];
  let total: number | '' = counted;
  let order: string = query.order;
  let skip = query.offset;
  let take = query.limit;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { values } = await shard.read('list', { ...asked, what: 'page', order, total, skip, take, cursor });
    total = Number(values[0]);
    order = text(values[1] ?? '');
    skip = Number(values[2]);
    take = Number(values[3]);
    cursor = text(values[4] ?? '') || null;
    tasks.push(...readTasks(values[5]));
  }
  if (order !== query.order) tasks.reverse();
  return { tasks, total: total === '' ? 0 : total };
}

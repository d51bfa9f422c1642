// The list as the address asks for it. Without `as_of` it follows new tasks; with it the pages stay put, and only what
// happens to the tasks shown is filled in.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Task, TaskFilter, TaskPage } from '../../api/task.ts';
import { getTask, listTasks } from '../../api/tasks.ts';
import { type ListWish, type Parsed, parseFilter, wishOf } from '../../filter/grammar.ts';
import { RawJson } from '../../json/keep-raw.ts';
import type { Change } from '../../live/change.ts';
import { onChanges } from '../../live/feed.ts';
import { usePlace } from '../../state/place.ts';
import { type Query, useQuery } from '../../state/query.ts';

export const PER_PAGE = [50, 100, 500, 1000] as const;
const PER_PAGE_DEFAULT = 100;

export interface TaskList {
  readonly text: string;
  readonly parsed: Parsed;
  /** What the server is asked, without the page: for bulk operations and exports. */
  readonly wish: ListWish;
  readonly page: number;
  readonly perPage: number;
  /** RFC 3339; null: follows. */
  readonly asOf: string | null;
  readonly query: Query<TaskPage>;
  readonly tasks: readonly Task[];
  readonly total: number;
  /** What is shown is still the page before. */
  readonly isStale: boolean;
  /** Matching tasks that were accepted since `asOf`. */
  readonly newer: number;
}

export function useTaskList(): TaskList {
  const { query: address } = usePlace();
  const text = address.get('q') ?? '';
  const asOf = address.get('as_of');
  const page = Math.max(1, Number(address.get('page')) || 1);
  const asked = Number(address.get('per'));
  const perPage = PER_PAGE.find((n) => n === asked) ?? PER_PAGE_DEFAULT;
  const parsed = useMemo(() => parseFilter(text), [text]);
  const wish = useMemo(() => wishOf(parsed.terms, Date.now()), [parsed]);
  const filter = useMemo(() => ({ ...wish.filter, ...until(wish.filter, asOf) }), [wish, asOf]);
  const key = `tasks ${JSON.stringify([filter, wish.id, page, perPage])}`;
  const read = (): Promise<TaskPage> =>
    wish.id === null ? listTasks(filter, { limit: perPage, offset: (page - 1) * perPage }) : oneTask(wish.id);
  const query = useQuery(key, read, {
    again: asOf === null ? 'changes' : 'never',
    everyMs: asOf === null ? 10_000 : 1e9,
  });
  const newer = useQuery(
    `newer ${JSON.stringify([wish.filter, asOf])}`,
    async () => {
      if (asOf === null || wish.id !== null) return 0;
      return (await listTasks({ ...wish.filter, created_after: later(wish.filter, asOf) }, { limit: 1, offset: 0 }))
        .total;
    },
    { again: asOf === null ? 'never' : 'changes' },
  );
  const kept = useKept(query.data, text);
  const tasks = usePatched(kept?.tasks ?? []);
  return {
    text,
    parsed,
    wish,
    page,
    perPage,
    asOf,
    query,
    tasks,
    total: kept?.total ?? 0,
    isStale: query.data === undefined,
    newer: asOf === null ? 0 : (newer.data ?? 0),
  };
}

/** The page before stays until the next one is there, unless the filter is another. */
function useKept(data: TaskPage | undefined, text: string): TaskPage | undefined {
  const kept = useRef<{ text: string; data: TaskPage | undefined }>({ text, data });
  if (data !== undefined || kept.current.text !== text) kept.current = { text, data };
  return kept.current.data;
}

function until({ created_before: before }: TaskFilter, asOf: string | null): TaskFilter {
  if (asOf === null) return {};
  return { created_before: before !== undefined && before < asOf ? before : asOf };
}

function later({ created_after: after }: TaskFilter, asOf: string): string {
  return after !== undefined && after > asOf ? after : asOf;
}

async function oneTask(id: string): Promise<TaskPage> {
  try {
    return { tasks: [await getTask(id)], total: 1 };
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 404) return { tasks: [], total: 0 };
    throw error;
  }
}

/** The tasks with what the feed has told about them since they were read. */
function usePatched(tasks: readonly Task[]): readonly Task[] {
  const patches = useRef(new Map<string, Change>());
  const shown = useRef(new Set<string>());
  const [, update] = useState(0);
  shown.current = useMemo(() => new Set(tasks.map(({ id }) => id)), [tasks]);
  useEffect(
    () =>
      onChanges((changes) => {
        const mine = changes.filter(({ task_id }) => shown.current.has(task_id));
        for (const change of mine) {
          const before = patches.current.get(change.task_id);
          if (before === undefined || before.version < change.version) patches.current.set(change.task_id, change);
        }
        if (mine.length > 0) update((n) => n + 1);
      }),
    [],
  );
  return tasks.map((task) => {
    const change = patches.current.get(task.id);
    if (change === undefined) return task;
    if (change.version > task.version) return patched(task, change);
    patches.current.delete(task.id);
    return task;
  });
}

/** Why it waits is not told. After a failed attempt it is known; else the next reading says it. */
function reasonAfter(task: Task, { retry }: Change): Task['pending_reason'] {
  return retry !== undefined && retry > task.retry ? 'retry_backoff' : null;
}

function patched(task: Task, change: Change): Task {
  const progress = change.progress === undefined ? task.progress : new RawJson(JSON.stringify(change.progress));
  if (change.kind === 'progress' || change.status === undefined) return { ...task, progress };
  const { status, timestamp } = change;
  const isNew = status !== task.status;
  return {
    ...task,
    status,
    progress,
    retry: change.retry ?? task.retry,
    worker_id: change.worker_id ?? task.worker_id,
    error: change.error ?? task.error,
    cancel_requested: change.cancel_requested ?? false,
    pending_reason: status !== 'pending' ? null : isNew ? reasonAfter(task, change) : task.pending_reason,
    started_at: status === 'processing' && isNew ? timestamp : task.started_at,
    completed_at: status === 'pending' || status === 'processing' ? null : timestamp,
    updated_at: timestamp,
  };
}

// The task list.
import { useEffect, useState } from 'preact/hooks';
import type { BulkWish } from '../api/bulk.ts';
import { STATUSES, type Task } from '../api/task.ts';
import { parseFilter, type Term, textOf } from '../filter/grammar.ts';
import { t } from '../i18n/text.ts';
import { useKeys } from '../shell/keys.ts';
import { go, setQuery } from '../state/place.ts';
import { useSettings } from '../state/settings.ts';
import { Icon } from '../ui/icon.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { VirtualRows } from '../ui/virtual-rows.tsx';
import { BulkDialog } from './tasks/bulk-dialog.tsx';
import { ExportMenu } from './tasks/export-menu.tsx';
import { FilterBox } from './tasks/filter-box.tsx';
import { Pager } from './tasks/pager.tsx';
import { SelectionBar } from './tasks/selection-bar.tsx';
import { TaskRow } from './tasks/task-row.tsx';
import { type TaskList, useTaskList } from './tasks/use-task-list.ts';

/** `all`: everything that matches, also on other pages. */
export type Selection = ReadonlySet<string> | 'all';
const NOTHING: ReadonlySet<string> = new Set();

export function Tasks() {
  const list = useTaskList();
  const { text, parsed, tasks, total, query } = list;
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [active, setActive] = useState<number | null>(null);
  const [anchor, setAnchor] = useState<string | null>(null);
  const [bulk, setBulk] = useState<BulkWish | null>(null);
  const rowHeight = useRowHeight();
  useEffect(() => {
    setSelection(NOTHING);
    setActive(null);
  }, [text, list.page]);

  const isSelected = (id: string): boolean => selection === 'all' || selection.has(id);
  const select = (id: string, how: 'one' | 'range'): void => {
    const next = new Set(selection === 'all' ? tasks.map((task) => task.id) : selection);
    const range = how === 'range' && anchor !== null ? idsBetween(tasks, anchor, id) : [id];
    const isOn = !next.has(id);
    for (const one of range) {
      if (isOn) next.add(one);
      else next.delete(one);
    }
    setAnchor(id);
    setSelection(next);
  };
  const open = (id: string): void => go(`/tasks/${id}`);
  const move = (by: number): void => setActive(clamp((active ?? (by > 0 ? -1 : tasks.length)) + by, tasks.length));
  const activeTask = active === null ? undefined : tasks[active];
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ...(activeTask === undefined ? {} : { Enter: () => open(activeTask.id), x: () => select(activeTask.id, 'one') }),
  });
  const filterBy = (next: string): void => {
    if (next !== text) setQuery({ q: next, page: null, as_of: null });
  };
  const selectPage = (): void =>
    setSelection(tasks.every(({ id }) => isSelected(id)) ? NOTHING : new Set(tasks.map(({ id }) => id)));

  return (
    <div class={`page tasks-page${list.isStale ? ' stale' : ''}`} aria-busy={list.isStale}>
      <header class="page-head">
        <h1>{t('tasks.title')}</h1>
        <span class="faint num" data-total={total}>
          {t('tasks.count', { n: total })}
        </span>
        <span class="grow" />
        <FollowButton list={list} />
        <ExportMenu filter={list.wish.filter} />
        <a class="button primary" href="/submit">
          <Icon name="submit" /> {t('nav.submit')}
        </a>
      </header>
      <div class="filters">
        <FilterBox text={text} tags={tagsOf(tasks)} onFilter={filterBy} />
        <StatusTabs terms={parsed.terms} onTerms={(terms) => filterBy(textOf(terms))} />
      </div>
      {parsed.faults.length > 0 ? (
        <p class="fault" role="alert">
          {t('tasks.notUnderstood', { text: parsed.faults.join(' ') })}
        </p>
      ) : null}
      {isEmpty(selection) ? null : (
        <SelectionBar list={list} selection={selection} onSelection={setSelection} onBulk={setBulk} />
      )}
      <Loaded query={query.data === undefined && tasks.length > 0 ? { ...query, data: { tasks, total } } : query}>
        {() =>
          tasks.length === 0 ? (
            <Empty>
              {text === '' ? t('tasks.noneYet') : t('tasks.none')} <a href="/submit">{t('overview.submitFirst')}</a>
            </Empty>
          ) : (
            <VirtualRows
              items={tasks}
              rowHeight={rowHeight}
              label={t('tasks.title')}
              active={active}
              header={<Header isAll={tasks.every(({ id }) => isSelected(id))} onSelect={selectPage} />}
              row={(task, i) => (
                <TaskRow
                  key={task.id}
                  task={task}
                  index={i}
                  isActive={i === active}
                  isSelected={isSelected(task.id)}
                  onSelect={select}
                  onOpen={open}
                />
              )}
            />
          )
        }
      </Loaded>
      <Pager list={list} />
      {bulk === null ? null : (
        <BulkDialog
          wish={bulk}
          onClose={() => {
            setBulk(null);
            setSelection(NOTHING);
          }}
        />
      )}
    </div>
  );
}

function isEmpty(selection: Selection): boolean {
  return selection !== 'all' && selection.size === 0;
}

function clamp(index: number, length: number): number | null {
  return length === 0 ? null : Math.min(length - 1, Math.max(0, index));
}

function idsBetween(tasks: readonly Task[], from: string, to: string): string[] {
  const ends = [from, to].map((id) => tasks.findIndex((task) => task.id === id)).sort((a, b) => a - b);
  return tasks.slice(ends[0], (ends[1] ?? 0) + 1).map(({ id }) => id);
}

function tagsOf(tasks: readonly Task[]): string[] {
  return [...new Set(tasks.flatMap(({ tags }) => tags))].sort();
}

/** As the styles have it. */
function useRowHeight(): number {
  const { density } = useSettings();
  if (matchMedia('(max-width: 760px)').matches) return 64;
  return density === 'dense' ? 34 : 44;
}

function FollowButton({ list: { asOf, page, wish } }: { readonly list: TaskList }) {
  if (wish.id !== null || page > 1) return null;
  const isFollowing = asOf === null;
  return (
    <button
      type="button"
      aria-pressed={isFollowing}
      title={t('tasks.follow')}
      onClick={() => setQuery({ as_of: isFollowing ? new Date().toISOString() : null })}
    >
      <Icon name={isFollowing ? 'pause' : 'play'} />
      <span class="wide-only">{t(isFollowing ? 'tasks.following' : 'tasks.paused')}</span>
    </button>
  );
}

function StatusTabs({
  terms,
  onTerms,
}: {
  readonly terms: readonly Term[];
  readonly onTerms: (terms: readonly Term[]) => void;
}) {
  const chosen = terms.find(({ name }) => name === 'status')?.value ?? null;
  const others = terms.filter(({ name }) => name !== 'status');
  return (
    <div class="tabs" role="group" aria-label={t('tasks.col.status')}>
      {[null, ...STATUSES].map((status) => (
        <button
          key={status}
          type="button"
          class={status === null ? '' : `s-${status}`}
          aria-pressed={chosen === status}
          onClick={() => onTerms(status === null ? others : [...others, ...parseFilter(`status:${status}`).terms])}
        >
          {status === null ? null : <span class="dot" aria-hidden="true" />}
          {status === null ? t('overview.all') : t(`status.${status}`)}
        </button>
      ))}
    </div>
  );
}

function Header({ isAll, onSelect }: { readonly isAll: boolean; readonly onSelect: () => void }) {
  const columns = ['status', 'type', 'id', 'detail', 'key', 'retry', 'time', 'took'] as const;
  return (
    <>
      <span role="columnheader" class="col-pick">
        <label>
          <input type="checkbox" checked={isAll} aria-label={t('tasks.selectPage')} onClick={onSelect} />
        </label>
      </span>
      {columns.map((name) => (
        <span key={name} role="columnheader" class={`col-${name}`}>
          {t(`tasks.col.${name}`)}
        </span>
      ))}
    </>
  );
}

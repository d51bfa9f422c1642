// Pages that stay put: leaving the first one fixes the moment the list is seen from.
import { t } from '../../i18n/text.ts';
import { useKeys } from '../../shell/keys.ts';
import { setQuery } from '../../state/place.ts';
import { Icon } from '../../ui/icon.tsx';
import { PER_PAGE, type TaskList } from './use-task-list.ts';

export function Pager({ list }: { readonly list: TaskList }) {
  const { page, perPage, total, asOf, newer, tasks } = list;
  const pages = Math.max(1, Math.ceil(total / perPage));
  const turnTo = (next: number): void => {
    if (next < 1 || next > pages) return;
    const isNewest = next === 1;
    setQuery({ page: isNewest ? null : String(next), as_of: asOf ?? (isNewest ? null : momentOf(list)) });
  };
  useKeys({ '[': () => turnTo(page - 1), ']': () => turnTo(page + 1) });
  if (tasks.length === 0 && page === 1) return null;
  return (
    <footer class="pager">
      <button
        type="button"
        class="small"
        disabled={page <= 1}
        aria-label={t('tasks.previous')}
        onClick={() => turnTo(page - 1)}
      >
        <Icon name="left" />
      </button>
      <span class="num">{t('tasks.page', { page, pages })}</span>
      <button
        type="button"
        class="small"
        disabled={page >= pages}
        aria-label={t('tasks.next')}
        onClick={() => turnTo(page + 1)}
      >
        <Icon name="right" />
      </button>
      {asOf === null ? null : (
        <button type="button" class="small" onClick={() => setQuery({ page: null, as_of: null })}>
          {newer > 0 ? t('tasks.newOnes', { n: newer }) : t('tasks.newest')}
        </button>
      )}
      <span class="grow" />
      <label class="inline">
        {t('tasks.perPage')}
        <select value={perPage} onChange={(event) => setQuery({ per: event.currentTarget.value, page: null })}>
          {PER_PAGE.map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </label>
    </footer>
  );
}

/** Just after the newest task shown, by the server's clock. */
function momentOf({ tasks }: TaskList): string {
  const [newest] = tasks;
  return new Date(newest === undefined ? Date.now() : Date.parse(newest.created_at) + 1).toISOString();
}

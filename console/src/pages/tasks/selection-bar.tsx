// What can be done with the tasks that are chosen.
import type { BulkWish } from '../../api/bulk.ts';
import { t } from '../../i18n/text.ts';
import { Icon } from '../../ui/icon.tsx';
import type { Selection } from '../tasks.tsx';
import type { TaskList } from './use-task-list.ts';

export interface SelectionBarProps {
  readonly list: TaskList;
  readonly selection: Selection;
  readonly onSelection: (selection: Selection) => void;
  readonly onBulk: (wish: BulkWish) => void;
}

export function SelectionBar({ list, selection, onSelection, onBulk }: SelectionBarProps) {
  const { tasks, total, wish, asOf } = list;
  const n = selection === 'all' ? total : selection.size;
  const canBeAll = selection !== 'all' && wish.id === null && selection.size === tasks.length && total > tasks.length;
  const begin = (action: BulkWish['action']): void => {
    if (selection !== 'all') return onBulk({ action, ids: [...selection] });
    const before = asOf === null || wish.filter.created_before !== undefined ? {} : { created_before: asOf };
    onBulk({ action, filter: { ...wish.filter, ...before } as NonNullable<BulkWish['filter']> });
  };
  return (
    <div class="selection" role="region" aria-label={t('tasks.selected', { n })}>
      <b>{selection === 'all' ? t('tasks.allSelected', { n }) : t('tasks.selected', { n })}</b>
      {canBeAll ? (
        <button type="button" class="small" onClick={() => onSelection('all')}>
          {t('tasks.selectAll', { n: total })}
        </button>
      ) : null}
      <span class="grow" />
      <button type="button" class="small danger" onClick={() => begin('cancel')}>
        <Icon name="cancel" /> {t('act.cancel')}
      </button>
      <button type="button" class="small" onClick={() => begin('retry')}>
        <Icon name="retry" /> {t('act.retry')}
      </button>
      <button type="button" class="small quiet" aria-label={t('tasks.unselect')} onClick={() => onSelection(new Set())}>
        <Icon name="close" />
      </button>
    </div>
  );
}

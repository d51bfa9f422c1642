// One task as a row.
import type { Task } from '../../api/task.ts';
import { t } from '../../i18n/text.ts';
import { duration, roundDuration } from '../../i18n/times.ts';
import { useNow } from '../../state/now.ts';
import { StatusBadge } from '../../ui/status.tsx';
import { When } from '../../ui/when.tsx';
import { ProgressBar } from './progress.tsx';

export interface TaskRowProps {
  readonly task: Task;
  readonly index: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (id: string, how: 'one' | 'range') => void;
  readonly onOpen: (id: string) => void;
}

const SNIPPET = 300;

export function TaskRow({ task, index, isActive, isSelected, onSelect, onOpen }: TaskRowProps) {
  const open = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest('a, input, label') !== null) return;
    onOpen(task.id);
  };
  return (
    <div
      class={`row task${isActive ? ' active' : ''}${isSelected ? ' selected' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      onClick={open}
    >
      <span role="cell" class="col-pick">
        <label>
          <input
            type="checkbox"
            checked={isSelected}
            aria-label={t('tasks.selectRow', { id: task.id })}
            onClick={(event) => onSelect(task.id, event.shiftKey ? 'range' : 'one')}
          />
        </label>
      </span>
      <span role="cell" class="col-status">
        <StatusBadge status={task.status} />
      </span>
      <span role="cell" class="col-type strong" title={task.type}>
        {task.type}
      </span>
      <span role="cell" class="col-id">
        <a href={`/tasks/${task.id}`} class="mono" title={task.id}>
          {shortId(task.id)}
        </a>
      </span>
      <span role="cell" class="col-detail">
        <Detail task={task} />
      </span>
      <span role="cell" class="col-key">
        {task.concurrency_key === null ? null : <span class="chip key">{task.concurrency_key}</span>}
        {task.tags.map((tag) => (
          <span key={tag} class="chip">
            {tag}
          </span>
        ))}
      </span>
      <span role="cell" class="col-retry num">
        {task.retry > 0 ? `${task.retry}/${task.max_retry}` : <span class="faint">0</span>}
      </span>
      <span role="cell" class="col-time num">
        <When at={task.created_at} />
      </span>
      <span role="cell" class="col-took num">
        <Took task={task} />
      </span>
    </div>
  );
}

/** The part in which tasks of the same minute differ: the end of the time, and the count within a millisecond. */
export function shortId(id: string): string {
  return id.slice(4, 23);
}

function Detail({ task }: { readonly task: Task }) {
  switch (task.status) {
    case 'pending':
      return (
        <span class="faint">
          {task.pending_reason === null ? '' : t(`reasonShort.${task.pending_reason}`)}
          {task.pending_reason === 'scheduled' || task.pending_reason === 'retry_backoff' ? (
            <>
              {' · '}
              <When at={task.run_at} />
            </>
          ) : null}
        </span>
      );
    case 'processing':
      return task.cancel_requested ? (
        <span class="warn">{t('tasks.cancelRequested')}</span>
      ) : (
        <ProgressBar raw={task.progress} label={t('task.progress')} />
      );
    case 'success':
      return <span class="faint mono">{task.result?.text.slice(0, SNIPPET)}</span>;
    case 'failed':
    case 'timeout':
    case 'canceled':
      return (
        <span class={task.status === 'failed' ? 'bad' : 'faint'} title={task.error ?? undefined}>
          {task.error?.split('\n', 1)[0]?.slice(0, SNIPPET)}
        </span>
      );
  }
}

function Took({ task }: { readonly task: Task }) {
  if (task.started_at === null || task.status === 'pending') return <span class="faint">-</span>;
  if (task.status === 'processing') return <Running since={task.started_at} />;
  return (
    <>{task.completed_at === null ? '-' : duration(Date.parse(task.completed_at) - Date.parse(task.started_at))}</>
  );
}

function Running({ since }: { readonly since: string }) {
  return <>{roundDuration(useNow() - Date.parse(since))}</>;
}

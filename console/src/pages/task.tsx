// One task: what happened to it, what it carries, why it waits, and what can be done about it.
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/call.ts';
import { isFinal, isRetryable, type TaskDetail } from '../api/task.ts';
import { cancelTask, getTask, retryTask } from '../api/tasks.ts';
import { t } from '../i18n/text.ts';
import { onChanges } from '../live/feed.ts';
import { useKeys } from '../shell/keys.ts';
import { type Query, useQuery } from '../state/query.ts';
import { CommandLines } from '../ui/command-lines.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { StatusBadge } from '../ui/status.tsx';
import { sayDone, sayFault } from '../ui/toast.tsx';
import { Attempts } from './task/attempts.tsx';
import { cancelCommands, getCommands, retryCommands, watchCommands } from './task/commands.ts';
import { Facts } from './task/facts.tsx';
import { Log } from './task/log.tsx';
import { Timeline } from './task/timeline.tsx';
import { Why } from './task/why.tsx';
import { ProgressBar } from './tasks/progress.tsx';

export function TaskPage({ id }: { readonly id: string }) {
  const query = useQuery(`task ${id}`, () => getTask(id), { again: 'never' });
  useOwnChanges(id, query);
  if (query.error instanceof ApiError && query.error.status === 404) {
    return (
      <div class="page">
        <Empty>
          {t('task.notFound')} <a href="/tasks">{t('nav.tasks')}</a>
        </Empty>
      </div>
    );
  }
  return (
    <div class="page task-page">
      <Loaded query={query}>{(task) => <TaskView task={task} reload={query.reload} />}</Loaded>
    </div>
  );
}

/** Reads again when this task changes; the feed tells of it within milliseconds. */
function useOwnChanges(id: string, { reload, data }: Query<TaskDetail>): void {
  const version = data?.version ?? 0;
  useEffect(
    () =>
      onChanges((changes) => {
        if (changes.some((change) => change.task_id === id && change.version > version)) reload();
      }),
    [id, version],
  );
}

function TaskView({ task, reload }: { readonly task: TaskDetail; readonly reload: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const canCancel = !isFinal(task.status) && !task.cancel_requested;
  const canRetry = isRetryable(task.status);
  const cancel = (): void => {
    cancelTask(task.id)
      .then(({ status }) => sayDone(t(status === 'canceled' ? 'task.canceled' : 'task.cancelAsked')), sayFault)
      .finally(reload);
  };
  const retry = (): void => {
    retryTask(task.id)
      .then(() => sayDone(t('task.retried')), sayFault)
      .finally(reload);
  };
  useKeys({
    ...(canCancel ? { c: () => setAsking(true) } : {}),
    ...(canRetry ? { r: retry } : {}),
  });
  return (
    <>
      <header class="page-head task-head">
        <div>
          <h1 title={task.type}>{task.type}</h1>
          <p class="mono faint">
            {task.id} <CopyButton text={task.id} label="id" />
          </p>
        </div>
        <StatusBadge status={task.status} note={task.cancel_requested ? t('tasks.cancelRequested') : null} />
        <span class="grow" />
        {canCancel ? (
          <button type="button" class="danger" onClick={() => setAsking(true)}>
            <Icon name="cancel" /> {t('act.cancelTask')}
          </button>
        ) : null}
        {canRetry ? (
          <button type="button" class="primary" onClick={retry}>
            <Icon name="retry" /> {t('act.retry')}
          </button>
        ) : null}
        <a class="button" href={`/submit?from=${task.id}`}>
          <Icon name="edit" /> {t('act.resubmit')}
        </a>
      </header>
      {task.status === 'processing' ? <ProgressBar raw={task.progress} label={t('task.progress')} /> : null}
      {task.error === null || task.status === 'pending' ? null : (
        <div class="error-text lead" role="note">
          <pre tabIndex={0}>{task.error}</pre>
          {task.error_code === null ? null : <code>{task.error_code}</code>}
        </div>
      )}
      <div class="columns">
        <div>
          {task.status === 'pending' ? <Why task={task} /> : null}
          <Timeline task={task} />
          <Attempts attempts={task.attempts} />
          <Log id={task.id} isRunning={!isFinal(task.status)} />
          {(['payload', 'result', 'progress'] as const).map((name) =>
            task[name] === null ? null : (
              <section key={name} class="panel" aria-label={t(`task.${name}`)}>
                <h2>{t(`task.${name}`)}</h2>
                <JsonView json={task[name].text} label={t(`task.${name}`)} />
              </section>
            ),
          )}
        </div>
        <div>
          <Facts task={task} />
          <section class="panel" aria-label={t('act.commands')}>
            <h2>{t('act.commands')}</h2>
            <CommandLines
              commands={[
                ...getCommands(task.id),
                ...(isFinal(task.status) ? [] : [...watchCommands(task.id), ...cancelCommands(task.id)]),
                ...(canRetry ? retryCommands(task.id) : []),
              ]}
            />
          </section>
        </div>
      </div>
      {isAsking && canCancel ? (
        <Confirm
          title={t('task.cancelAsk')}
          text={t(task.status === 'processing' ? 'task.cancelRunning' : 'task.cancelWaiting')}
          action={t('act.cancelTask')}
          onConfirm={cancel}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}

// Why a task waits: its due time, its keys and who holds them, the nodes that could run it, and what comes first.
import type { TaskDetail } from '../../api/task.ts';
import { explainTask } from '../../api/tasks.ts';
import { t } from '../../i18n/text.ts';
import { useQuery } from '../../state/query.ts';
import { Icon } from '../../ui/icon.tsx';
import { Loaded, Meter } from '../../ui/states.tsx';
import { When } from '../../ui/when.tsx';
import { shortId } from '../tasks/task-row.tsx';

export function Why({ task }: { readonly task: TaskDetail }) {
  const query = useQuery(`explain ${task.id}`, () => explainTask(task.id), { everyMs: 3000 });
  return (
    <section class="panel why" aria-label={t('task.why')}>
      <h2>{t('task.why')}</h2>
      <Loaded query={query}>
        {({ pending_reason, run_at, gives_up_at, keys, handlers, slots, ahead }) => (
          <ul>
            {pending_reason === null ? null : (
              <li class="strong">
                <Icon name="clock" /> {t(`reason.${pending_reason}`)}
              </li>
            )}
            {pending_reason === 'scheduled' || pending_reason === 'retry_backoff' ? (
              <li>
                <Labelled text={t('why.due', { when: '|' })} at={run_at} />
              </li>
            ) : null}
            {keys.map(({ key, limit, running: used, waiting, full, holders }) => (
              <li key={key}>
                <span>
                  {t(limit === 0 ? 'why.keyPaused' : full ? 'why.keyFull' : 'why.keyFree', {
                    key,
                    limit,
                    running: used,
                    waiting,
                  })}{' '}
                  <Meter used={used} of={limit} label={`${used} / ${limit}`} />
                </span>
                {holders.length === 0 ? null : (
                  <span class="holders">
                    {t('why.heldBy')}{' '}
                    {holders.map(({ task_id }) => (
                      <a key={task_id} class="mono chip" href={`/tasks/${task_id}`}>
                        {shortId(task_id)}
                      </a>
                    ))}
                  </span>
                )}
              </li>
            ))}
            <li class={handlers.length === 0 ? 'bad' : ''}>
              {handlers.length === 0
                ? t('why.noNode', { type: task.type })
                : t('why.nodes', { n: handlers.length, slots })}
            </li>
            {ahead === null ? null : (
              <li>
                {ahead.count === 0 && ahead.exact
                  ? t('why.first')
                  : t(ahead.exact ? 'why.ahead' : 'why.aheadAtLeast', { n: ahead.count })}
              </li>
            )}
            {gives_up_at === null ? null : (
              <li class="faint">
                <Labelled text={t('why.givesUp', { when: '|' })} at={gives_up_at} />
              </li>
            )}
          </ul>
        )}
      </Loaded>
    </section>
  );
}

/** An instant within a sentence, where the text has a bar. */
function Labelled({ text, at }: { readonly text: string; readonly at: string }) {
  const [before, after] = text.split('|');
  return (
    <>
      {before}
      <When at={at} />
      {after}
    </>
  );
}

// What the handler said while it ran.
import { getLogs } from '../../api/tasks.ts';
import { t } from '../../i18n/text.ts';
import { absolute } from '../../i18n/times.ts';
import { useQuery } from '../../state/query.ts';

const EVERY_MS = 2000;

export function Log({ id, isRunning }: { readonly id: string; readonly isRunning: boolean }) {
  const { data } = useQuery(`logs ${id}`, () => getLogs(id), {
    again: isRunning ? 'changes' : 'never',
    everyMs: isRunning ? EVERY_MS : 10 * EVERY_MS,
  });
  if (data === undefined || data.length === 0) return null;
  return (
    <section class="panel" aria-label={t('task.log')}>
      <h2>
        {t('task.log')} <span class="faint num">{data.length}</span>
      </h2>
      <ol class="log mono" tabIndex={0} aria-label={t('task.log')}>
        {data.map(({ line, at, attempt, level, message, fields }) => (
          <li key={line} class={`l-${level}`}>
            <time class="faint" dateTime={at} title={absolute(Date.parse(at))}>
              {absolute(Date.parse(at)).slice(11)}
            </time>
            <span class="faint">#{attempt}</span>
            <b>{level}</b>
            <span>
              {message} {fields === null ? null : <span class="faint">{fields.text}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

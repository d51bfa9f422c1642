// Every attempt with what went wrong, in full.
import type { Attempt } from '../../api/task.ts';
import { t } from '../../i18n/text.ts';
import { duration, roundDuration } from '../../i18n/times.ts';
import { useNow } from '../../state/now.ts';
import { CopyButton } from '../../ui/copy.tsx';
import { When } from '../../ui/when.tsx';

export function Attempts({ attempts }: { readonly attempts: readonly Attempt[] }) {
  return (
    <section class="panel" aria-label={t('task.attempts')}>
      <h2>
        {t('task.attempts')} <span class="faint num">{attempts.length}</span>
      </h2>
      {attempts.length === 0 ? <p class="empty">{t('task.noAttempts')}</p> : null}
      <ol class="attempts">
        {attempts.toReversed().map((attempt) => (
          <li key={attempt.attempt}>
            <header>
              <span class={`pill t-${attempt.outcome ?? 'running'}`}>
                {attempt.attempt}
                {' · '}
                {attempt.outcome === null ? t('task.running') : t(`task.outcome.${attempt.outcome}`)}
              </span>
              <span class="num">
                <Length attempt={attempt} />
              </span>
              <span class="faint">
                <When at={attempt.started_at} /> {t('task.onNode', { node: attempt.worker_id })}
              </span>
              {attempt.error_code === null ? null : <code>{attempt.error_code}</code>}
            </header>
            {attempt.error === null ? null : (
              <div class="error-text">
                <pre tabIndex={0}>{attempt.error}</pre>
                <CopyButton text={attempt.error} label={t('task.error')} />
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Length({ attempt: { started_at, ended_at } }: { readonly attempt: Attempt }) {
  const now = useNow();
  if (ended_at === null) return <>{roundDuration(now - Date.parse(started_at))}</>;
  return <>{duration(Date.parse(ended_at) - Date.parse(started_at))}</>;
}

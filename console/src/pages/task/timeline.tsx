// The life of a task as bars on one scale of time.
import type { TaskDetail } from '../../api/task.ts';
import { t } from '../../i18n/text.ts';
import { absolute, duration, roundDuration } from '../../i18n/times.ts';
import { useNow } from '../../state/now.ts';
import { type Span, spansOf } from './spans.ts';

const TEXT = {
  scheduled: 'task.scheduled',
  waiting: 'task.waiting',
  gated: 'task.gated',
  backoff: 'task.backoff',
} as const;

export function Timeline({ task }: { readonly task: TaskDetail }) {
  const now = useNow();
  const spans = spansOf(task);
  const from = Date.parse(task.created_at);
  const end = Math.max(from + 1, ...spans.map(({ to }) => to ?? now));
  const place = ({ from: start, to }: Span) => {
    const left = ((start - from) / (end - from)) * 100;
    return { left: `${left}%`, width: `${Math.max(0.4, (((to ?? now) - start) / (end - from)) * 100)}%` };
  };
  return (
    <section class="panel timeline" aria-label={t('task.timeline')}>
      <h2>{t('task.timeline')}</h2>
      <ol>
        {spans.map((span, i) => {
          const tone = span.attempt === undefined ? span.kind : (span.attempt.outcome ?? 'running');
          const length = (span.to ?? now) - span.from;
          return (
            <li key={i} title={`${absolute(span.from)}${span.to === null ? '' : ` - ${absolute(span.to)}`}`}>
              <span class="name">
                {span.attempt === undefined
                  ? t(TEXT[span.kind as keyof typeof TEXT])
                  : t('task.attempt', { n: span.attempt.attempt })}
              </span>
              <span class="track" aria-hidden="true">
                <span class={`span t-${tone}${span.to === null ? ' open' : ''}`} style={place(span)} />
              </span>
              <span class="num">{span.to === null ? roundDuration(length) : duration(length)}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

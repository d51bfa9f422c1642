// Everything else that is known about a task.
import type { ComponentChildren } from 'preact';
import type { TaskDetail } from '../../api/task.ts';
import { quoted } from '../../filter/grammar.ts';
import { count, t } from '../../i18n/text.ts';
import { duration } from '../../i18n/times.ts';
import { When } from '../../ui/when.tsx';
import { shortId } from '../tasks/task-row.tsx';

export function Facts({ task }: { readonly task: TaskDetail }) {
  const { type, delay, factor, max_delay, jitter } = task.retry_strategy;
  const rows: readonly (readonly [name: string, value: ComponentChildren])[] = [
    [t('task.created'), <When at={task.created_at} />],
    [t('task.runAt'), <When at={task.run_at} />],
    [t('task.started'), <When at={task.started_at} />],
    [t('task.completed'), <When at={task.completed_at} />],
    [t('task.worker'), task.worker_id ?? '-'],
    [t('task.priority'), count(task.priority)],
    [t('task.retries'), t('task.retriesOf', { n: task.retry, max: task.max_retry })],
    [
      t('task.strategy'),
      `${type}, ${duration(delay * 1000)} × ${factor}, ≤ ${duration(max_delay * 1000)}, ± ${Math.round(jitter * 100)} %`,
    ],
    [t('task.queueTimeout'), limitOf(task.queue_timeout)],
    [t('task.processTimeout'), limitOf(task.process_timeout)],
    [
      t('task.key'),
      task.concurrency_key === null ? (
        '-'
      ) : (
        <Filtered name="key" value={task.concurrency_key} note={task.max_concurrency} />
      ),
    ],
    [
      t('task.tags'),
      task.tags.length === 0 ? '-' : task.tags.map((tag) => <Filtered key={tag} name="tag" value={tag} />),
    ],
    ...(task.parent_id === null
      ? []
      : [
          [
            t('task.parent'),
            <a class="mono chip" href={`/tasks/${task.parent_id}`}>
              {shortId(task.parent_id)}
            </a>,
          ] as const,
        ]),
    [t('task.children'), <a href={`/tasks?q=parent:${task.id}`}>{t('task.childrenOf')}</a>],
    [t('task.version'), count(task.version)],
  ];
  return (
    <section class="panel" aria-label={t('task.details')}>
      <h2>{t('task.details')}</h2>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function limitOf(seconds: number): string {
  return seconds === 0 ? t('task.noLimit') : duration(seconds * 1000);
}

/** A link to all tasks that have the same. */
function Filtered({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string;
  readonly note?: number | null;
}) {
  return (
    <a class="chip" href={`/tasks?q=${encodeURIComponent(`${name}:${quoted(value)}`)}`}>
      {value}
      {note === null || note === undefined ? '' : ` ≤ ${note}`}
    </a>
  );
}

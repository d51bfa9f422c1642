// Each type with how many of its tasks are where.
import type { HandlerInfo, Stats } from '../../api/cluster.ts';
import { STATUSES } from '../../api/task.ts';
import { quoted } from '../../filter/grammar.ts';
import { count, shortCount, t } from '../../i18n/text.ts';
import { roundDuration } from '../../i18n/times.ts';
import { Empty } from '../../ui/states.tsx';

const SHOWN = 200;

export function Types({
  types,
  handlers,
}: {
  readonly types: Stats['types'];
  readonly handlers: readonly HandlerInfo[] | undefined;
}) {
  const rows = Object.entries(types)
    .sort(([, a], [, b]) => b.demand - a.demand || b.pending - a.pending)
    .slice(0, SHOWN);
  const handled = new Set(handlers?.map(({ type }) => type));
  return (
    <section class="panel" aria-label={t('overview.types')}>
      <h2>
        {t('overview.types')} <span class="faint num">{rows.length}</span>
      </h2>
      {rows.length === 0 ? (
        <Empty>
          {t('overview.noTypes')} <a href="/submit">{t('overview.submitFirst')}</a>
        </Empty>
      ) : (
        <div class="scroll-x">
          <table>
            <thead>
              <tr>
                <th>{t('overview.type')}</th>
                {STATUSES.map((status) => (
                  <th key={status} class="num">
                    {t(`status.${status}`)}
                  </th>
                ))}
                <th class="num">{t('overview.demand')}</th>
                <th class="num" title={t('overview.oldest')}>
                  {t('overview.oldestShort')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([type, numbers]) => (
                <tr key={type}>
                  <td>
                    <a class="strong" href={`/tasks?q=${encodeURIComponent(`type:${quoted(type)}`)}`}>
                      {type}
                    </a>
                    {handlers !== undefined && !handled.has(type) ? (
                      <span class="chip warn">{t('reasonShort.no_handler')}</span>
                    ) : null}
                  </td>
                  {STATUSES.map((status) => (
                    <td key={status} class="num">
                      {numbers[status] === 0 ? (
                        <span class="faint">0</span>
                      ) : (
                        <a
                          class={`s-${status} tone`}
                          title={count(numbers[status])}
                          href={`/tasks?q=${encodeURIComponent(`type:${quoted(type)} status:${status}`)}`}
                        >
                          {shortCount(numbers[status])}
                        </a>
                      )}
                    </td>
                  ))}
                  <td class="num">{shortCount(numbers.demand)}</td>
                  <td class="num">
                    {numbers.oldest_pending_seconds === 0 ? (
                      <span class="faint">-</span>
                    ) : (
                      roundDuration(numbers.oldest_pending_seconds * 1000)
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

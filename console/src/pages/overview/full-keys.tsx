// Keys without room.
import type { KeyInfo } from '../../api/concurrency.ts';
import { count, t } from '../../i18n/text.ts';
import type { Query } from '../../state/query.ts';
import { Empty, Loaded, Meter } from '../../ui/states.tsx';

const SHOWN = 12;

export function FullKeys({ query }: { readonly query: Query<readonly KeyInfo[]> }) {
  return (
    <section class="panel" aria-label={t('overview.fullKeys')}>
      <h2>
        <a href="/concurrency">{t('overview.fullKeys')}</a>
      </h2>
      <Loaded query={query}>
        {(keys) => {
          const full = keys.filter(({ running, limit }) => running >= limit).sort((a, b) => b.waiting - a.waiting);
          return full.length === 0 ? (
            <Empty>{t('overview.noFullKeys')}</Empty>
          ) : (
            <ul class="short">
              {full.slice(0, SHOWN).map(({ key, running, limit, waiting }) => (
                <li key={key}>
                  <span class="cut strong" title={key}>
                    {key}
                  </span>
                  <Meter used={running} of={limit} label={`${running} / ${limit}`} />
                  <span class="num faint">
                    {running}/{limit} +{count(waiting)}
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </section>
  );
}

// The nodes and how full they are.
import type { NodeInfo } from '../../api/cluster.ts';
import { t } from '../../i18n/text.ts';
import type { Query } from '../../state/query.ts';
import { Empty, Loaded, Meter } from '../../ui/states.tsx';

const SHOWN = 12;

export function NodesInShort({ query }: { readonly query: Query<readonly NodeInfo[]> }) {
  return (
    <section class="panel" aria-label={t('nav.nodes')}>
      <h2>
        <a href="/nodes">{t('nav.nodes')}</a>
      </h2>
      <Loaded query={query}>
        {(nodes) =>
          nodes.length === 0 ? (
            <Empty>{t('nodes.none')}</Empty>
          ) : (
            <ul class="short">
              {nodes.slice(0, SHOWN).map(({ id, running, slots, live, draining }) => (
                <li key={id}>
                  <span class={`dot ${live ? (draining ? 'warn' : 'good') : 'bad'}`} aria-hidden="true" />
                  <span class="mono cut" title={id}>
                    {id}
                  </span>
                  <Meter used={running} of={slots} label={t('overview.slots', { running, slots })} />
                  <span class="num faint">
                    {running}/{slots}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}

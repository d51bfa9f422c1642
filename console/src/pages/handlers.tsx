// Which types can be run, and where.
import { getHandlers, getStats, type Stats } from '../api/cluster.ts';
import { quoted } from '../filter/grammar.ts';
import { count, t } from '../i18n/text.ts';
import { useQuery } from '../state/query.ts';
import { Empty, Loaded } from '../ui/states.tsx';

export function Handlers() {
  const query = useQuery('handlers', getHandlers, { again: 'never', everyMs: 3000 });
  const stats = useQuery('stats', getStats).data;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t('handlers.title')}</h1>
      </header>
      <Loaded query={query}>
        {(handlers) => {
          const handled = new Set(handlers.map(({ type }) => type));
          const missing = Object.entries(stats?.types ?? {}).filter(
            ([type, { pending }]) => pending > 0 && !handled.has(type),
          );
          return (
            <>
              {missing.length === 0 ? null : (
                <section class="attention" aria-label={t('handlers.missing')}>
                  <h2>{t('handlers.missing')}</h2>
                  <ul>
                    {missing.map(([type, { pending }]) => (
                      <li key={type} class="bad">
                        <a href={`/tasks?q=${encodeURIComponent(`type:${quoted(type)} status:pending`)}`}>
                          {type} · {count(pending)}
                        </a>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
              {handlers.length === 0 ? (
                <Empty>{t('handlers.none')}</Empty>
              ) : (
                <section class="panel flush">
                  <div class="scroll-x">
                    <table>
                      <thead>
                        <tr>
                          <th>{t('overview.type')}</th>
                          <th class="num">{t('status.pending')}</th>
                          <th class="num">{t('status.processing')}</th>
                          <th class="num">{t('status.failed')}</th>
                          <th>{t('handlers.nodes')}</th>
                        </tr>
                      </thead>
                      <tbody>
                        {handlers.map(({ type, nodes }) => (
                          <Row key={type} type={type} nodes={nodes} numbers={stats?.types[type]} />
                        ))}
                      </tbody>
                    </table>
                  </div>
                </section>
              )}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

interface RowProps {
  readonly type: string;
  readonly nodes: readonly string[];
  readonly numbers: Stats['types'][string] | undefined;
}

function Row({ type, nodes, numbers }: RowProps) {
  return (
    <tr>
      <td>
        <a class="strong" href={`/tasks?q=${encodeURIComponent(`type:${quoted(type)}`)}`}>
          {type}
        </a>
      </td>
      <td class="num">{count(numbers?.pending ?? 0)}</td>
      <td class="num">{count(numbers?.processing ?? 0)}</td>
      <td class="num">{count(numbers?.failed ?? 0)}</td>
      <td>
        {nodes.map((id) => (
          <a key={id} class="mono chip" href="/nodes">
            {id}
          </a>
        ))}
      </td>
    </tr>
  );
}

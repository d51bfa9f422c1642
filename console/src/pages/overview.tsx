// How it goes: counts, rates, waits, and what needs attention.
import { getHandlers, getHealth, getNodes, getSeries, getStats } from '../api/cluster.ts';
import { getKeys } from '../api/concurrency.ts';
import { STATUSES } from '../api/task.ts';
import { count, shortCount, t } from '../i18n/text.ts';
import { duration, roundDuration } from '../i18n/times.ts';
import { useNow } from '../state/now.ts';
import { useQuery } from '../state/query.ts';
import { Chart } from '../ui/chart.tsx';
import { Icon } from '../ui/icon.tsx';
import { Loaded } from '../ui/states.tsx';
import { type Concern, concernsOf } from './overview/attention.ts';
import { curveOf } from './overview/curve.ts';
import { FullKeys } from './overview/full-keys.tsx';
import { lastHour } from './overview/minutes.ts';
import { NodesInShort } from './overview/nodes-in-short.tsx';
import { Tile } from './overview/tile.tsx';
import { Types } from './overview/types-table.tsx';

export function Overview() {
  const now = useNow();
  const stats = useQuery('stats', getStats);
  const series = useQuery('series', getSeries, { again: 'never' });
  const health = useQuery('health', getHealth, { again: 'never', everyMs: 5000 });
  const nodes = useQuery('nodes', getNodes, { again: 'never', everyMs: 3000 });
  const handlers = useQuery('handlers', getHandlers, { again: 'never' });
  const keys = useQuery('keys', getKeys);
  const points = series.data?.points;
  const curve = curveOf(series.data);
  const concerns = concernsOf({
    stats: stats.data,
    health: health.data,
    nodes: nodes.data,
    handlers: handlers.data,
    keys: keys.data,
    points,
    now,
  });
  return (
    <div class="page overview">
      <header class="page-head">
        <h1>{t('overview.title')}</h1>
        {stats.data === undefined ? null : (
          <span class="faint">
            {t('overview.slots', { running: stats.data.tasks.processing, slots: stats.data.nodes.slots })}
          </span>
        )}
        <span class="grow" />
        <a class="button primary" href="/submit">
          <Icon name="submit" /> {t('nav.submit')}
        </a>
      </header>
      <Attention concerns={concerns} />
      <Loaded query={stats}>
        {({ tasks, types, throughput }) => {
          const hour = lastHour(throughput.minutes, now);
          const oldest = Math.max(0, ...Object.values(types).map(({ oldest_pending_seconds: s }) => s));
          const last = points?.at(-1);
          return (
            <>
              <div class="tiles">
                {STATUSES.map((status) => (
                  <Tile
                    key={status}
                    name={t(`status.${status}`)}
                    value={shortCount(tasks[status])}
                    exact={count(tasks[status])}
                    tone={status}
                    href={`/tasks?q=${encodeURIComponent(`status:${status}`)}`}
                    spark={
                      status === 'pending' || status === 'processing'
                        ? (points ?? []).map((point) => point[status])
                        : hour.values(status)
                    }
                  />
                ))}
                <Tile
                  name={t('overview.waitTile')}
                  value={wait(last?.wait_p95_seconds)}
                  spark={(points ?? []).map((point) => point.wait_p95_seconds ?? 0)}
                />
                <Tile
                  name={t('overview.oldestTile')}
                  value={oldest === 0 ? '-' : roundDuration(oldest * 1000)}
                  spark={(points ?? []).map((point) => point.oldest_pending_seconds)}
                />
              </div>
              <div class="charts">
                <Chart
                  title={t('overview.rates')}
                  rest="sum"
                  times={hour.times}
                  format={shortCount}
                  series={[
                    { name: t('status.success'), tone: 'c-success', kind: 'bar', values: hour.values('success') },
                    { name: t('status.failed'), tone: 'c-failed', kind: 'bar', values: hour.values('failed') },
                    { name: t('status.timeout'), tone: 'c-timeout', kind: 'bar', values: hour.values('timeout') },
                    { name: t('status.canceled'), tone: 'c-canceled', kind: 'bar', values: hour.values('canceled') },
                    { name: t('overview.submitted'), tone: 'c-line', kind: 'line', values: hour.values('submitted') },
                    { name: t('overview.started'), tone: 'c-processing', kind: 'line', values: hour.values('started') },
                  ]}
                />
                <Chart
                  title={t('overview.wait')}
                  times={curve.times}
                  format={(seconds) => duration(seconds * 1000)}
                  series={[
                    {
                      name: t('overview.oldest'),
                      tone: 'c-pending',
                      kind: 'area',
                      values: curve.values('oldest_pending_seconds'),
                    },
                    {
                      name: t('overview.p95'),
                      tone: 'c-timeout',
                      kind: 'line',
                      values: curve.values('wait_p95_seconds'),
                    },
                    {
                      name: t('overview.p50'),
                      tone: 'c-processing',
                      kind: 'line',
                      values: curve.values('wait_p50_seconds'),
                    },
                  ]}
                />
                <Chart
                  title={t('overview.backlog')}
                  times={curve.times}
                  format={shortCount}
                  series={[
                    {
                      name: t('status.pending'),
                      tone: 'c-pending',
                      kind: 'area',
                      values: curve.values('pending'),
                    },
                    {
                      name: t('status.processing'),
                      tone: 'c-processing',
                      kind: 'line',
                      values: curve.values('processing'),
                    },
                  ]}
                />
              </div>
              <div class="columns">
                <Types types={types} handlers={handlers.data} />
                <div>
                  <NodesInShort query={nodes} />
                  <FullKeys query={keys} />
                </div>
              </div>
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

function wait(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? '-' : duration(seconds * 1000);
}

function Attention({ concerns }: { readonly concerns: readonly Concern[] }) {
  if (concerns.length === 0) return null;
  return (
    <section class="attention" aria-label={t('overview.attention')}>
      <h2>
        <Icon name="alert" /> {t('overview.attention')}
      </h2>
      <ul>
        {concerns.map(({ text, href, weight }) => (
          <li key={text} class={weight}>
            <a href={href}>{text}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}

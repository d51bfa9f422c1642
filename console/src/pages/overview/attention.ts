// What needs somebody: worked out from what the server says, and nothing when all is well.
import type { HandlerInfo, Health, NodeInfo, Stats } from '../../api/cluster.ts';
import type { KeyInfo } from '../../api/concurrency.ts';
import type { SeriesPoint } from '../../api/series.ts';
import { t } from '../../i18n/text.ts';
import { roundDuration } from '../../i18n/times.ts';

export interface Concern {
  readonly text: string;
  readonly href: string;
  readonly weight: 'bad' | 'warn';
}

export interface Facts {
  readonly stats: Stats | undefined;
  readonly health: Health | undefined;
  readonly nodes: readonly NodeInfo[] | undefined;
  readonly handlers: readonly HandlerInfo[] | undefined;
  readonly keys: readonly KeyInfo[] | undefined;
  readonly points: readonly SeriesPoint[] | undefined;
  readonly now: number;
}

/** A few failures among a few tasks are no pattern. */
const FAILED_MIN = 5;
const FAILED_SHARE = 0.2;
const RECENT_MS = 10 * 60_000;

export function concernsOf(facts: Facts): Concern[] {
  return [...ofComponents(facts), ...ofHandlers(facts), ...ofFailures(facts), ...ofNodes(facts), ...ofKeys(facts)];
}

function ofComponents({ health }: Facts): Concern[] {
  if (health === undefined) return [];
  const { store, mqtt, kafka } = health.components;
  const concern = (name: 'store' | 'mqtt' | 'kafka', detail: string): Concern => ({
    text: t(`attention.${name}`, { detail }),
    href: '/settings',
    weight: name === 'store' ? 'bad' : 'warn',
  });
  return [
    ...(store.status === 'down' ? [concern('store', store.detail)] : []),
    ...(mqtt.status === 'down' ? [concern('mqtt', mqtt.detail)] : []),
    ...(kafka.status === 'down' ? [concern('kafka', kafka.detail)] : []),
  ];
}

function ofHandlers({ stats, handlers }: Facts): Concern[] {
  if (stats === undefined || handlers === undefined) return [];
  if (handlers.length === 0 && stats.tasks.pending > 0) {
    return [{ text: t('attention.noNodes', { n: stats.tasks.pending }), href: '/nodes', weight: 'bad' }];
  }
  const handled = new Set(handlers.map(({ type }) => type));
  return Object.entries(stats.types)
    .filter(([type, { pending }]) => pending > 0 && !handled.has(type))
    .map(([type, { pending: n }]) => ({
      text: t('attention.noHandler', { n, type }),
      href: `/tasks?q=${encodeURIComponent(`type:${type} status:pending`)}`,
      weight: 'bad',
    }));
}

function ofFailures({ stats, now }: Facts): Concern[] {
  if (stats === undefined) return [];
  const recent = stats.throughput.minutes.filter(({ at }) => Date.parse(at) > now - RECENT_MS);
  const failed = recent.reduce((sum, minute) => sum + minute.failed, 0);
  const ended = recent.reduce(
    (sum, { failed: f, success, timeout, canceled }) => sum + f + success + timeout + canceled,
    0,
  );
  if (failed < FAILED_MIN || failed / ended < FAILED_SHARE) return [];
  const worst = Object.entries(stats.types)
    .filter(([, { failed: f, success }]) => f >= FAILED_MIN && f / (f + success) >= FAILED_SHARE)
    .sort(([, a], [, b]) => b.failed - a.failed)
    .slice(0, 3)
    .map(
      ([type, { failed: f, success }]): Concern => ({
        text: t('attention.failing', { type, failed: f, success }),
        href: `/tasks?q=${encodeURIComponent(`type:${type} status:failed`)}`,
        weight: 'bad',
      }),
    );
  if (worst.length > 0) return worst;
  return [{ text: t('attention.failingHour', { failed, ended }), href: '/tasks?q=status%3Afailed', weight: 'warn' }];
}

function ofNodes({ nodes, now }: Facts): Concern[] {
  return (nodes ?? [])
    .filter(({ live }) => !live)
    .map(({ id, last_heartbeat_at: at }) => ({
      text: t('attention.nodeLost', { node: id, time: roundDuration(now - Date.parse(at)) }),
      href: '/nodes',
      weight: 'warn',
    }));
}

function ofKeys({ keys }: Facts): Concern[] {
  return (keys ?? [])
    .filter(({ limit, waiting }) => limit === 0 && waiting > 0)
    .map(({ key, waiting: n }) => ({ text: t('attention.paused', { key, n }), href: '/concurrency', weight: 'warn' }));
}

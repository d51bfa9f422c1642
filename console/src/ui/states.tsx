// What a page shows instead of content: loading, failed, empty.
import type { ComponentChildren } from 'preact';
import { t } from '../i18n/text.ts';
import type { Query } from '../state/query.ts';

/** The content once there is an answer; an older answer stays while a newer one is missing. */
export function Loaded<T>({
  query,
  children,
}: {
  readonly query: Query<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) {
    return (
      <p class="empty" role="alert">
        {t('all.error', { message: query.error.message })}{' '}
        <button type="button" class="small" onClick={query.reload}>
          {t('act.reload')}
        </button>
      </p>
    );
  }
  return (
    <p class="empty loading" aria-busy="true">
      {t('all.loading')}
    </p>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** How much of something is used. */
export function Meter({ used, of, label }: { readonly used: number; readonly of: number; readonly label: string }) {
  const share = of === 0 ? (used > 0 ? 1 : 0) : Math.min(1, used / of);
  return (
    <span class={`meter${share >= 1 ? ' full' : ''}`} role="img" aria-label={label} title={label}>
      <span style={{ width: `${share * 100}%` }} />
    </span>
  );
}

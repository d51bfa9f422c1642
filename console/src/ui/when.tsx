// An instant, as the person wants to read it: relative and ticking, or absolute. The other one is in the tooltip.
import { absolute, relative } from '../i18n/times.ts';
import { useNow } from '../state/now.ts';
import { useSettings } from '../state/settings.ts';

export function When({ at }: { readonly at: string | number | null | undefined }) {
  const { times } = useSettings();
  if (at === null || at === undefined) return <span class="faint">-</span>;
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return times === 'absolute' ? (
    <time dateTime={new Date(ms).toISOString()}>{absolute(ms)}</time>
  ) : (
    <RelativeWhen ms={ms} />
  );
}

function RelativeWhen({ ms }: { readonly ms: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(ms).toISOString()} title={absolute(ms)}>
      {relative(ms, now)}
    </time>
  );
}

// A status as a word with a dot; the dot's shape says it too, for eyes that do not tell the colours apart.
import type { Status } from '../api/task.ts';
import { t } from '../i18n/text.ts';

export function StatusBadge({ status, note }: { readonly status: Status; readonly note?: string | null | undefined }) {
  return (
    <span class={`badge s-${status}`}>
      <span class="dot" aria-hidden="true" />
      {t(`status.${status}`)}
      {note ? <span class="note">{note}</span> : null}
    </span>
  );
}

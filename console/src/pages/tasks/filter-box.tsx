// Where the filter is typed, with suggestions. Enter puts it into the address.
import { useEffect, useRef, useState } from 'preact/hooks';
import { getStats } from '../../api/cluster.ts';
import { getKeys } from '../../api/concurrency.ts';
import { type Known, suggest } from '../../filter/suggest.ts';
import { t } from '../../i18n/text.ts';
import { useKeys } from '../../shell/keys.ts';
import { useQuery } from '../../state/query.ts';
import { Icon } from '../../ui/icon.tsx';

export interface FilterBoxProps {
  readonly text: string;
  readonly tags: readonly string[];
  readonly onFilter: (text: string) => void;
}

export function FilterBox({ text, tags, onFilter }: FilterBoxProps) {
  const box = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  const [at, setAt] = useState<number | null>(null);
  const [isOpen, setOpen] = useState(false);
  const sent = useRef(text);
  // Only what came from elsewhere: the own words would come back while somebody already types on.
  useEffect(() => {
    if (text !== sent.current) setTyped(text);
    sent.current = text;
  }, [text]);
  const send = (next: string): void => {
    sent.current = next;
    onFilter(next);
  };
  useKeys({ '/': () => box.current?.focus() });
  const known = useKnown(tags);
  const caret = box.current?.selectionStart ?? typed.length;
  const found = isOpen ? suggest(typed, Math.min(caret, typed.length), known) : [];
  const take = (next: string): void => {
    setTyped(next);
    setAt(null);
    box.current?.focus();
    // A whole term is meant; a name still wants its value.
    if (!next.endsWith(':')) send(next.trim());
  };
  const press = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const chosen = at === null ? undefined : found[at];
    switch (event.key) {
      case 'Enter':
        if (chosen !== undefined) take(chosen.text);
        else {
          send(box.current?.value.trim() ?? '');
          setOpen(false);
        }
        break;
      case 'Tab':
        if (!isOpen || found[at ?? 0] === undefined || event.shiftKey || typed.trim() === '') return;
        take(found[at ?? 0]?.text ?? typed);
        break;
      case 'ArrowDown':
        setOpen(true);
        setAt(found.length === 0 ? null : ((at ?? -1) + 1) % found.length);
        break;
      case 'ArrowUp':
        setAt(found.length === 0 ? null : ((at ?? 0) - 1 + found.length) % found.length);
        break;
      case 'Escape':
        if (isOpen) setOpen(false);
        else box.current?.blur();
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  return (
    <div class="filter-box">
      <Icon name="search" />
      <input
        ref={box}
        type="text"
        role="combobox"
        spellcheck={false}
        autocomplete="off"
        aria-label={t('tasks.filter')}
        aria-expanded={found.length > 0}
        aria-controls="filter-list"
        aria-activedescendant={at === null ? undefined : `filter-${at}`}
        placeholder={t('tasks.placeholder')}
        value={typed}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(null);
          setOpen(true);
        }}
        onKeyDown={press}
      />
      {typed === '' ? (
        <kbd>/</kbd>
      ) : (
        <button type="button" class="quiet small" aria-label={t('act.clear')} onClick={() => take('')}>
          <Icon name="close" />
        </button>
      )}
      <ul id="filter-list" role="listbox" aria-label={t('tasks.filter')} hidden={found.length === 0}>
        {found.map(({ label, text: next }, i) => (
          <li
            key={label}
            id={`filter-${i}`}
            role="option"
            aria-selected={i === at}
            onPointerDown={(event) => {
              event.preventDefault();
              take(next);
            }}
          >
            {label}
          </li>
        ))}
      </ul>
    </div>
  );
}

function useKnown(tags: readonly string[]): Known {
  const types = Object.keys(useQuery('stats', getStats).data?.types ?? {});
  const keys = (useQuery('keys', getKeys).data ?? []).map(({ key }) => key);
  return { types, tags, keys };
}

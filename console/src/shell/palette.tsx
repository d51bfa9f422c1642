// The command palette: everything the console can go to or change, by typing a few letters.
import { useMemo, useState } from 'preact/hooks';
import { getStats } from '../api/cluster.ts';
import { t } from '../i18n/text.ts';
import { go } from '../state/place.ts';
import { useQuery } from '../state/query.ts';
import { CHOICES, choose } from '../state/settings.ts';
import { Dialog } from '../ui/dialog.tsx';
import { PAGES } from './pages.ts';

interface Command {
  readonly id: string;
  readonly text: string;
  readonly keys?: string;
  run(): void;
}

const SHOWN = 10;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function Palette({ onClose, onHelp }: { readonly onClose: () => void; readonly onHelp: () => void }) {
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const types = Object.keys(useQuery('stats', getStats).data?.types ?? {});
  const all = useMemo(() => commands(types, onHelp), [types.join()]);
  const wanted = typed.trim().toLowerCase();
  const found: Command[] = ID.test(wanted)
    ? [{ id: 'id', text: t('palette.openTask', { id: wanted }), run: () => go(`/tasks/${wanted}`) }]
    : all.filter(({ text }) => matches(text.toLowerCase(), wanted)).slice(0, SHOWN);
  const chosen = Math.min(at, found.length - 1);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Enter') run(found[chosen]);
    else if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, chosen + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, chosen - 1));
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t('palette.title')} kind="palette" onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] === undefined ? undefined : `palette-${found[chosen].id}`}
        aria-label={t('palette.placeholder')}
        placeholder={t('palette.placeholder')}
        autoFocus
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ul id="palette-list" role="listbox" aria-label={t('palette.title')}>
        {found.map((command, i) => (
          <li
            key={command.id}
            id={`palette-${command.id}`}
            role="option"
            aria-selected={i === chosen}
            onClick={() => run(command)}
            onPointerMove={() => setAt(i)}
          >
            {command.text}
            {command.keys === undefined ? null : <kbd>{command.keys}</kbd>}
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p class="empty">{t('palette.none')}</p> : null}
    </Dialog>
  );
}

/** All letters in order, as in `gct` for "Go to Concurrency". */
function matches(text: string, wanted: string): boolean {
  if (text.includes(wanted)) return true;
  let at = 0;
  for (const letter of wanted) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function commands(types: readonly string[], onHelp: () => void): Command[] {
  return [
    ...PAGES.map(({ name, path, letter }) => ({
      id: name,
      text: t('palette.goTo', { page: t(`nav.${name}`) }),
      keys: `g ${letter}`,
      run: () => go(path),
    })),
    { id: 'failed', text: t('palette.failed'), run: () => go('/tasks?q=status%3Afailed') },
    ...types.map((type) => ({
      id: `type-${type}`,
      text: t('palette.tasksOfType', { type }),
      run: () => go(`/tasks?q=${encodeURIComponent(`type:${type}`)}`),
    })),
    ...CHOICES.theme.map((theme) => ({
      id: `theme-${theme}`,
      text: t('palette.theme', { value: t(`settings.theme.${theme}`) }),
      run: () => choose({ theme }),
    })),
    ...CHOICES.language.map((language) => ({
      id: `language-${language}`,
      text: t('palette.language', { value: t(`settings.language.${language}`) }),
      run: () => choose({ language }),
    })),
    { id: 'keys', text: t('palette.keys'), keys: '?', run: onHelp },
  ];
}

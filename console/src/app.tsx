// The frame around every page: navigation, what is wrong with the server, dialogs that are everywhere.
import { useEffect, useState } from 'preact/hooks';
import { server } from './api/call.ts';
import { t } from './i18n/text.ts';
import { Concurrency } from './pages/concurrency.tsx';
import { Handlers } from './pages/handlers.tsx';
import { Live } from './pages/live.tsx';
import { Nodes } from './pages/nodes.tsx';
import { Overview } from './pages/overview.tsx';
import { SettingsPage } from './pages/settings.tsx';
import { Submit } from './pages/submit.tsx';
import { TaskPage } from './pages/task.tsx';
import { Tasks } from './pages/tasks.tsx';
import { KeyGate } from './shell/key-gate.tsx';
import { useKeys } from './shell/keys.ts';
import { KeysHelp } from './shell/keys-help.tsx';
import { Nav } from './shell/nav.tsx';
import { PAGES, type PageName, pageAt } from './shell/pages.ts';
import { Palette } from './shell/palette.tsx';
import { useCell } from './state/cell.ts';
import { go, usePlace } from './state/place.ts';
import { choose, useSettings } from './state/settings.ts';
import { Icon } from './ui/icon.tsx';
import { Toasts } from './ui/toast.tsx';

export function App() {
  useSettings();
  const { path } = usePlace();
  const page = pageAt(path);
  const [open, setOpen] = useState<'palette' | 'help' | null>(null);
  // One that ends late must not take the next one with it.
  const close = (which: 'palette' | 'help'): void => setOpen((now) => (now === which ? null : now));
  useEffect(() => {
    document.title = `${t(`nav.${page}`)} · XQueue`;
  });
  useKeys({
    'ctrl+k': () => setOpen(open === 'palette' ? null : 'palette'),
    '?': () => setOpen('help'),
    d: () => choose({ theme: isDark() ? 'light' : 'dark' }),
    ...Object.fromEntries(PAGES.map(({ path: to, letter }) => [`g ${letter}`, () => go(to)])),
  });
  return (
    <>
      <a class="skip" href="#main">
        {t('nav.skip')}
      </a>
      <Nav onPalette={() => setOpen('palette')} />
      <main id="main" tabIndex={-1}>
        <ServerSign />
        <Page name={page} path={path} />
      </main>
      {open === 'palette' ? <Palette onClose={() => close('palette')} onHelp={() => setOpen('help')} /> : null}
      {open === 'help' ? <KeysHelp onClose={() => close('help')} /> : null}
      <KeyGate />
      <Toasts />
    </>
  );
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
}

function ServerSign() {
  const state = useCell(server);
  if (state === 'ok') return null;
  return (
    <p class="away" role="alert">
      <Icon name="alert" />
      {t(`away.${state}`)}
    </p>
  );
}

function Page({ name, path }: { readonly name: PageName; readonly path: string }) {
  switch (name) {
    case 'overview':
      return <Overview />;
    case 'tasks': {
      const id = decodeURIComponent(path.slice('/tasks/'.length));
      return id === '' ? <Tasks /> : <TaskPage key={id} id={id} />;
    }
    case 'concurrency':
      return <Concurrency />;
    case 'nodes':
      return <Nodes />;
    case 'handlers':
      return <Handlers />;
    case 'submit':
      return <Submit />;
    case 'live':
      return <Live />;
    case 'settings':
      return <SettingsPage />;
  }
}

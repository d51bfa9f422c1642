// The way around: pages, how live it is, and the palette.
import { useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import { feedState } from '../live/feed.ts';
import { useCell } from '../state/cell.ts';
import { usePlace } from '../state/place.ts';
import { Icon } from '../ui/icon.tsx';
import { PAGES, pageAt } from './pages.ts';

export function Nav({ onPalette }: { readonly onPalette: () => void }) {
  const [isOpen, setOpen] = useState(false);
  const here = pageAt(usePlace().path);
  return (
    <aside class={`side${isOpen ? ' open' : ''}`}>
      <div class="brand">
        <a href="/" class="logo" onClick={() => setOpen(false)}>
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" />
            <path d="M9 9l14 14M23 9L9 23" />
          </svg>
          XQueue
        </a>
        <FeedSign />
        <button
          type="button"
          class="quiet menu-button"
          aria-expanded={isOpen}
          aria-controls="nav"
          aria-label={t('nav.menu')}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? 'close' : 'menu'} />
        </button>
      </div>
      <button type="button" class="palette-button" onClick={onPalette}>
        <Icon name="search" />
        <span>{t('palette.title')}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <nav id="nav" aria-label={t('nav.main')} onClick={() => setOpen(false)}>
        {PAGES.map(({ name, path }) => (
          <a key={name} href={path} aria-current={here === name ? 'page' : undefined}>
            <Icon name={name} />
            {t(`nav.${name}`)}
          </a>
        ))}
        <a href="/api/v1/docs/" class="outside">
          <Icon name="docs" />
          {t('nav.docs')}
        </a>
      </nav>
    </aside>
  );
}

function FeedSign() {
  const state = useCell(feedState);
  return (
    <span class={`feed ${state}`} title={t('feed.title')} role="status">
      <span class="dot" aria-hidden="true" />
      {t(`feed.${state}`)}
    </span>
  );
}

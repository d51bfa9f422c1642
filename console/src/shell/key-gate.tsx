// Asks for the API key when the server wants one.
import { useState } from 'preact/hooks';
import { setApiKey, wantsKey } from '../api/call.ts';
import { t } from '../i18n/text.ts';
import { startFeed } from '../live/feed.ts';
import { useCell } from '../state/cell.ts';
import { readAllAgain } from '../state/query.ts';
import { Dialog } from '../ui/dialog.tsx';

export function KeyGate() {
  const isWanted = useCell(wantsKey);
  const [key, setKey] = useState('');
  if (!isWanted) return null;
  const use = (event: Event): void => {
    event.preventDefault();
    setApiKey(key.trim());
    readAllAgain();
    startFeed();
  };
  return (
    <Dialog title={t('key.title')} onClose={() => wantsKey.set(false)}>
      <form onSubmit={use}>
        <label class="field">
          {t('key.label')}
          <input
            type="password"
            autocomplete="off"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <p class="faint">{t('key.text')}</p>
        <footer>
          <button type="submit" class="primary">
            {t('key.use')}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

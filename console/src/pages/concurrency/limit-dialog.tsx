// Sets or takes away the operator's limit of a key.
import { useState } from 'preact/hooks';
import { type KeyInfo, setLimit } from '../../api/concurrency.ts';
import { t } from '../../i18n/text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { sayDone, sayFault } from '../../ui/toast.tsx';

export function LimitDialog({ info, onClose }: { readonly info: KeyInfo | null; readonly onClose: () => void }) {
  const [key, setKey] = useState(info?.key ?? '');
  const [max, setMax] = useState(String(info?.limit ?? 1));
  const change = async (n: number | null, news: string): Promise<void> => {
    try {
      await setLimit(key, n);
      sayDone(news);
      onClose();
    } catch (error) {
      sayFault(error);
    }
  };
  const save = (event: Event): void => {
    event.preventDefault();
    const n = Number(max);
    void change(n, t('keys.saved', { key, n }));
  };
  const remove = (): void => {
    void change(null, t('keys.removed', { key }));
  };
  return (
    <Dialog title={info === null ? t('keys.newKey') : t('keys.changeOf', { key })} onClose={onClose}>
      <form onSubmit={save}>
        <p class="faint">{t('keys.changeText')}</p>
        {info === null ? (
          <label class="field">
            {t('keys.key')}
            <input
              type="text"
              required
              maxLength={256}
              placeholder="user_123, type:email"
              value={key}
              onInput={(event) => setKey(event.currentTarget.value)}
            />
          </label>
        ) : null}
        <label class="field">
          {t('keys.max')}
          <input
            type="number"
            required
            min={0}
            max={1_000_000}
            step={1}
            value={max}
            onInput={(event) => setMax(event.currentTarget.value)}
          />
        </label>
        <footer>
          {info?.limit_source === 'operator' ? (
            <button type="button" class="danger" onClick={remove}>
              {t('act.remove')}
            </button>
          ) : null}
          <span class="grow" />
          <button type="button" onClick={onClose}>
            {t('act.back')}
          </button>
          <button type="submit" class="primary">
            {t('act.save')}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

// The keys, on `?`.
import { t } from '../i18n/text.ts';
import { Dialog } from '../ui/dialog.tsx';
import { PAGES } from './pages.ts';

export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  const rows: readonly (readonly [keys: readonly string[], text: string])[] = [
    [['Ctrl K'], t('keysHelp.palette')],
    [['?'], t('keysHelp.help')],
    [['/'], t('keysHelp.filter')],
    [['j', 'k'], t('keysHelp.move')],
    [['Enter'], t('keysHelp.open')],
    [['x'], t('keysHelp.select')],
    [['[', ']'], t('keysHelp.pages')],
    [['c'], t('keysHelp.cancel')],
    [['r'], t('keysHelp.retry')],
    [['d'], t('keysHelp.theme')],
    ...PAGES.map(({ name, letter }) => [['g', letter], t('keysHelp.goTo', { page: t(`nav.${name}`) })] as const),
  ];
  return (
    <Dialog title={t('keysHelp.title')} onClose={onClose}>
      <dl class="keys-help">
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

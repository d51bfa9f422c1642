// Copies a text and says so.
import { useState } from 'preact/hooks';
import { t } from '../i18n/text.ts';
import { Icon } from './icon.tsx';
import { sayFault } from './toast.tsx';

const SAID_MS = 1500;

export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), SAID_MS);
    } catch (error) {
      sayFault(error);
    }
  };
  const name = isCopied ? t('act.copied') : `${t('act.copy')}${label === undefined ? '' : `: ${label}`}`;
  return (
    <button type="button" class="quiet small" onClick={() => void copy()} aria-label={name} title={name}>
      <Icon name={isCopied ? 'check' : 'copy'} />
    </button>
  );
}

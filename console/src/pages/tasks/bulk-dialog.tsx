// One wish for many tasks: says how many it would be, asks, shows how it goes, and what came of it.
import { useEffect, useState } from 'preact/hooks';
import { type BulkOperation, type BulkWish, getBulk, previewBulk, startBulk, stopBulk } from '../../api/bulk.ts';
import { t } from '../../i18n/text.ts';
import { readAllAgain } from '../../state/query.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { sayFault } from '../../ui/toast.tsx';

const LOOK_MS = 200;

export function BulkDialog({ wish, onClose }: { readonly wish: BulkWish; readonly onClose: () => void }) {
  const [matched, setMatched] = useState<number | null>(null);
  const [operation, setOperation] = useState<BulkOperation | null>(null);
  const fail = (error: unknown): void => {
    sayFault(error);
    onClose();
  };
  useEffect(() => {
    previewBulk(wish).then(setMatched, fail);
  }, []);
  const id = operation?.id;
  const isRunning = operation?.state === 'running';
  useEffect(() => {
    if (id === undefined || !isRunning) return;
    const timer = setInterval(() => void getBulk(id).then(setOperation, fail), LOOK_MS);
    return () => clearInterval(timer);
  }, [id, isRunning]);
  useEffect(() => {
    if (operation !== null && !isRunning) readAllAgain();
  }, [isRunning]);

  const { action } = wish;
  return (
    <Dialog title={matched === null ? t(`act.${action}`) : t(`bulk.${action}`, { n: matched })} onClose={onClose}>
      {operation === null ? (
        <>
          <p aria-busy={matched === null}>
            {matched === null ? t('bulk.counting') : matched === 0 ? t('bulk.nothing') : t(`bulk.${action}Text`)}
          </p>
          <footer>
            <button type="button" onClick={onClose}>
              {t('act.back')}
            </button>
            <button
              type="button"
              class={action === 'cancel' ? 'danger' : 'primary'}
              disabled={matched === null || matched === 0}
              onClick={() => void startBulk(wish).then(setOperation, fail)}
            >
              {t(action === 'cancel' ? 'bulk.doCancel' : 'bulk.doRetry', { n: matched ?? 0 })}
            </button>
          </footer>
        </>
      ) : (
        <Running operation={operation} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Running({ operation, onClose }: { readonly operation: BulkOperation; readonly onClose: () => void }) {
  const { id, state, matched, processed, changed, unchanged, error } = operation;
  const values = { processed, matched, changed, unchanged, error: error ?? '' };
  return (
    <>
      <progress class="wide" max={Math.max(matched, processed, 1)} value={processed} aria-label={t('bulk.running')} />
      <p role="status" data-bulk={state}>
        {state === 'running' ? t('bulk.progress', values) : t(`bulk.${state}`, values)}
      </p>
      <footer>
        {state === 'running' ? (
          <button type="button" onClick={() => void stopBulk(id).catch(sayFault)}>
            {t('act.stop')}
          </button>
        ) : (
          <button type="button" class="primary" onClick={onClose}>
            {t('act.close')}
          </button>
        )}
      </footer>
    </>
  );
}

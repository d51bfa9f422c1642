// Takes a node out of work, or gives it work again, after asking.
import { type NodeInfo, setDrain } from '../../api/cluster.ts';
import { t } from '../../i18n/text.ts';
import { CommandLines } from '../../ui/command-lines.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { sayDone, sayFault } from '../../ui/toast.tsx';
import { drainCommands } from '../task/commands.ts';

interface DrainDialogProps {
  readonly node: NodeInfo;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function DrainDialog({ node: { id, drain_requested: isAsked }, onDone, onClose }: DrainDialogProps) {
  const wish = isAsked ? 'work' : 'drain';
  const confirm = async (): Promise<void> => {
    try {
      await setDrain(id, wish);
      sayDone(t(isAsked ? 'nodes.undrained' : 'nodes.drained', { node: id }));
      onDone();
    } catch (error) {
      sayFault(error);
    }
    onClose();
  };
  return (
    <Dialog title={t(isAsked ? 'nodes.undrainAsk' : 'nodes.drainAsk', { node: id })} onClose={onClose}>
      <p>{t(isAsked ? 'nodes.undrainText' : 'nodes.drainText')}</p>
      <details>
        <summary>{t('act.commands')}</summary>
        <CommandLines commands={drainCommands(id, wish)} />
      </details>
      <footer>
        <button type="button" onClick={onClose}>
          {t('act.back')}
        </button>
        <button type="button" class={isAsked ? 'primary' : 'danger'} onClick={() => void confirm()}>
          {t(isAsked ? 'nodes.undrain' : 'nodes.drain')}
        </button>
      </footer>
    </Dialog>
  );
}

// The export button and how it goes.
import { useState } from 'preact/hooks';
import type { TaskFilter } from '../../api/task.ts';
import { t } from '../../i18n/text.ts';
import { Icon } from '../../ui/icon.tsx';
import { sayDone, sayFault } from '../../ui/toast.tsx';
import { type ExportFormat, exportTasks } from './export.ts';

export function ExportMenu({ filter }: { readonly filter: TaskFilter }) {
  const [state, setState] = useState<{ readonly done: number; readonly total: number } | null>(null);
  const run = (format: ExportFormat): void => {
    document.getElementById('export-menu')?.hidePopover();
    setState({ done: 0, total: 0 });
    exportTasks(filter, format, (done, total) => setState({ done, total }))
      .then((n) => sayDone(t('tasks.exported', { n })), sayFault)
      .finally(() => setState(null));
  };
  return (
    <span class="menu-place">
      <button type="button" popovertarget="export-menu" disabled={state !== null} title={t('act.export')}>
        <Icon name="download" />
        <span class="wide-only">
          {state === null ? t('act.export') : t('tasks.exporting', { n: state.done, total: state.total })}
        </span>
      </button>
      <div id="export-menu" popover="auto" class="menu">
        <button type="button" onClick={() => run('csv')}>
          {t('tasks.exportCsv')}
        </button>
        <button type="button" onClick={() => run('jsonl')}>
          {t('tasks.exportJson')}
        </button>
      </div>
    </span>
  );
}

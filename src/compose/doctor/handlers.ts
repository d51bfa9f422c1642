// The files with handlers: loaded as a start would load them.
import type { Config } from '../../config/config.ts';
import { XQueueError } from '../../domain/errors.ts';
import { loadHandlers } from '../../worker/load-handlers.ts';
import { type Finding, textOf } from './finding.ts';

export async function checkHandlers({ handlers: files, node }: Config): Promise<Finding[]> {
  const check = 'handlers';
  if (node.role === 'api') return [{ check, status: 'ok', detail: 'This node runs no tasks.' }];
  if (files.length === 0) {
    const detail = 'Only the built-in example: name files with --handlers or XQUEUE_HANDLERS.';
    return [{ check, status: node.role === 'worker' ? 'warning' : 'ok', detail }];
  }
  try {
    const handlers = await loadHandlers(files, process.cwd());
    return [{ check, status: 'ok', detail: `${handlers.map(({ type }) => type).join(', ')}.` }];
  } catch (error) {
    const faults = error instanceof XQueueError ? error.faults : [];
    if (faults.length === 0) return [{ check, status: 'error', detail: textOf(error), fault: 'given' }];
    return faults.map(({ path, message }) => ({
      check,
      status: 'error',
      detail: `${path}: ${message}`,
      fault: 'given',
    }));
  }
}

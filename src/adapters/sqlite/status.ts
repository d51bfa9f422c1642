// Statuses as the store's rows have them: the number is the place in this list.
import type { Status } from '../../domain/task.ts';

export const STATUS_CODES: readonly Status[] = ['pending', 'processing', 'success', 'failed', 'canceled', 'timeout'];
export const PENDING = 0;
export const PROCESSING = 1;
export const SUCCESS = 2;
export const FAILED = 3;
export const CANCELED = 4;
export const TIMEOUT = 5;

/** Where a task is listed: everything that is not final together. */
export function stageOf(status: number): number {
  return status < SUCCESS ? PENDING : status;
}

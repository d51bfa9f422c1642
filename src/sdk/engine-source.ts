// Lets handles look at the tasks of an engine in this process.
import { type TaskSource, unknownTask } from '../contract/task-handle.ts';
import { type Fault, XQueueError } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { parseCancel } from '../protocol/cancel.ts';
import { changeView, taskDetailView } from './task-view.ts';

export function engineSource(engine: Engine): TaskSource {
  return {
    async get(id) {
      const task = await engine.get(id);
      return task === null ? null : taskDetailView(task);
    },
    async waitForFinal(id, waitMs, signal) {
      const task = await engine.waitForFinal(id, waitMs, signal);
      return task === null ? null : taskDetailView(task);
    },
    async *watch(id, options) {
      for await (const change of engine.watch(id, options)) yield changeView(change);
    },
    async cancel(id, { reason } = {}) {
      const given = parseCancel(reason === undefined ? undefined : { reason });
      if (!given.ok) throw invalidReason(given.faults);
      const { state } = await engine.cancel(id, given.value);
      switch (state) {
        case 'canceled':
        case 'already_canceled':
          return 'canceled';
        case 'cancel_requested':
          return 'cancel_requested';
        case 'already_finished':
          throw new XQueueError('already_finished', `Task ${id} has already ended`);
        case 'not_found':
          throw unknownTask(id);
      }
    },
  };
}

function invalidReason(faults: readonly Fault[]): XQueueError {
  const lines = faults.map(({ message }) => `reason: ${message}`);
  return new XQueueError('invalid_request', lines.join('\n'), { faults });
}

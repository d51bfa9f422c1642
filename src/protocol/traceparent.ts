// W3C trace context of a task's changes. The id of a task is 128 bits of chance and time, which is exactly what a trace
// id is, so all changes of one task belong to one trace on every node, after every restart, with nothing stored for it.
import type { TaskChangeEvent } from './push-messages.ts';

/** Nothing was recorded here: the flags say "not sampled", so no backend waits for a span that never comes. */
const NOT_SAMPLED = '00';

/** Trace id: the task's id without dashes. Parent id: the version, as 16 hex digits. */
export function traceparentOf({ taskId, version }: Pick<TaskChangeEvent, 'taskId' | 'version'>): string {
  return `00-${taskId.replaceAll('-', '')}-${version.toString(16).padStart(16, '0')}-${NOT_SAMPLED}`;
}

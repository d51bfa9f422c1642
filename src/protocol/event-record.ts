// A change of a task as a record of the log: the status message that watchers get as well, and behind it what a rebuild
// needs to make the task again as it was. Progress is no status and has no record.
import type { Task } from '../domain/task.ts';
import { messageOf, type TaskChangeEvent } from './push-messages.ts';
import { formatTimestamp } from './timestamps.ts';

/** What the task itself says beyond the change, if it was still there in that version when the record was written. */
export type EventDetail = Pick<Task, 'attempt' | 'recoveries' | 'createdAt' | 'startedAt' | 'completedAt' | 'result'>;

export function eventRecord(event: TaskChangeEvent, detail: EventDetail | null): string {
  const message = messageOf(event);
  if (detail === null) return message;
  const { attempt, recoveries, createdAt, startedAt, completedAt, result } = detail;
  let text = `${message.slice(0, -1)},"attempt":${attempt},"recoveries":${recoveries}`;
  text += `,"created_at":"${formatTimestamp(createdAt)}"`;
  if (startedAt !== null) text += `,"started_at":"${formatTimestamp(startedAt)}"`;
  if (completedAt !== null) text += `,"completed_at":"${formatTimestamp(completedAt)}"`;
  if (result !== null) text += `,"result":${result}`;
  return `${text}}`;
}

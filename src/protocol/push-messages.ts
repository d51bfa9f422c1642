// The messages that tell watchers what happened to a task, the same text over MQTT and server-sent events.
import type { JsonText, Task } from '../domain/task.ts';
import { formatTimestamp } from './timestamps.ts';

type Reported = 'type' | 'status' | 'version' | 'retry' | 'workerId' | 'error' | 'errorCode' | 'progress';

/** One change of one task, as the outbox tells it. */
export interface TaskChangeEvent extends Pick<Task, Reported | 'cancelRequested'> {
  readonly kind: 'status' | 'progress';
  readonly taskId: string;
  /** Unix ms. */
  readonly at: number;
}

/** The message for either kind of event. */
export function messageOf(event: TaskChangeEvent): JsonText {
  return event.kind === 'status' ? statusMessage(event) : progressMessage(event);
}

/** What does not apply is left out. */
function statusMessage(event: TaskChangeEvent): JsonText {
  let text =
    `{"task_id":"${event.taskId}","type":${JSON.stringify(event.type)},"status":"${event.status}"` +
    `,"version":${event.version},"timestamp":"${formatTimestamp(event.at)}","retry":${event.retry}`;
  if (event.workerId !== null) text += `,"worker_id":${JSON.stringify(event.workerId)}`;
  if (event.error !== null) text += `,"error":${JSON.stringify(event.error)}`;
  if (event.errorCode !== null) text += `,"error_code":"${event.errorCode}"`;
  if (event.progress !== null) text += `,"progress":${event.progress}`;
  if (event.cancelRequested) text += ',"cancel_requested":true';
  return `${text}}`;
}

function progressMessage(event: TaskChangeEvent): JsonText {
  return (
    `{"task_id":"${event.taskId}","type":${JSON.stringify(event.type)},"progress":${event.progress}` +
    `,"version":${event.version},"timestamp":"${formatTimestamp(event.at)}"}`
  );
}

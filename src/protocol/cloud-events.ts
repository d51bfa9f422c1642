// CloudEvents 1.0, structured mode: the message of a change as `data`, for systems that route by `type` and `subject`.
import type { JsonText } from '../domain/task.ts';
import type { TaskChangeEvent } from './push-messages.ts';
import { formatTimestamp } from './timestamps.ts';
import { traceparentOf } from './traceparent.ts';

export const CLOUD_EVENTS_MEDIA = 'application/cloudevents+json';

/** `source` and `id` together name a change for ever: a repetition has the same two. */
export function cloudEventOf(event: TaskChangeEvent, message: JsonText, base: string): JsonText {
  const { kind, taskId, version, at } = event;
  return (
    `{"specversion":"1.0","id":"${taskId}/${version}","source":${JSON.stringify(`xqueue/${base}`)}` +
    `,"type":"xqueue.task.${kind}","subject":"${taskId}","time":"${formatTimestamp(at)}"` +
    `,"traceparent":"${traceparentOf(event)}","datacontenttype":"application/json","data":${message}}`
  );
}

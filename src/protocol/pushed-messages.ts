// What one change of a task becomes on its way to an MQTT broker: topics, payload in the format that was chosen, and what
// MQTT 5 says beside the payload.
import type { JsonText } from '../domain/task.ts';
import { CLOUD_EVENTS_MEDIA, cloudEventOf } from './cloud-events.ts';
import { messageOf, type TaskChangeEvent } from './push-messages.ts';
import { topicsBelow } from './topics.ts';
import { traceparentOf } from './traceparent.ts';

/** `json`: the message itself. `cloudevents`: a CloudEvent 1.0 in structured mode around it. */
export type PushFormat = 'json' | 'cloudevents';

export interface PushedMessage {
  readonly topic: string;
  readonly payload: JsonText;
  /** Properties of MQTT 5; brokers of 3.1.1 get the rest. */
  readonly contentType?: string;
  readonly traceparent: string;
  /** Seconds; left out: kept as long as the broker likes. */
  readonly expirySeconds?: number;
}

export interface PushShape {
  /** `mqtt.topic`. */
  readonly base: string;
  readonly format: PushFormat;
  /** Old progress helps nobody. 0 = never expires. */
  readonly progressExpiryMs: number;
}

/** Makes the messages of a change. */
export function pushedMessages({ base, format, progressExpiryMs }: PushShape) {
  const topicsOf = topicsBelow(base);
  const expiry = progressExpiryMs === 0 ? {} : { expirySeconds: Math.max(1, Math.ceil(progressExpiryMs / 1000)) };
  const isWrapped = format === 'cloudevents';
  const always = isWrapped ? { contentType: CLOUD_EVENTS_MEDIA } : {};
  const extras = { status: always, progress: { ...always, ...expiry } };
  return (event: TaskChangeEvent): PushedMessage[] => {
    const traceparent = traceparentOf(event);
    const payload = isWrapped ? cloudEventOf(event, messageOf(event), base) : messageOf(event);
    return topicsOf(event).map((topic) => ({ topic, payload, traceparent, ...extras[event.kind] }));
  };
}

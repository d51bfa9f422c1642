// How to follow changes live: the topics, and all changes as one stream of server-sent events.
import type { ServerResponse } from 'node:http';
import { Type } from 'typebox';
import { eventText, KEEP_ALIVE, reconnectAfter } from '../../protocol/event-stream.ts';
import { messageOf } from '../../protocol/push-messages.ts';
import { StatusName, TaskType } from '../../protocol/schemas/fields.ts';
import { PushAnswer } from '../../protocol/schemas/push.ts';
import { progressBase } from '../../protocol/topics.ts';
import { ok, TAKEN_OVER } from '../answer.ts';
import { type Call, type Outcome, route } from '../route.ts';
import type { Services } from '../services.ts';

const ALL_EVENTS_PATH = '/api/v1/events';
const KEEP_ALIVE_MS = 15_000;
const RECONNECT_MS = 2_000;
const SECONDS_MAX = 86_400;
const PER_SECOND_MAX = 100_000;

export const getPush = route({
  method: 'GET',
  path: '/api/v1/push',
  scope: 'read',
  tag: 'Cluster',
  summary: 'Where changes can be followed',
  answers: { 200: { description: 'Addresses and topics', schema: PushAnswer } },
  store: 'does not ask',
  handle: (_call, { components, topic }) =>
    ok({
      mqtt: { status: components.mqtt().status, path: '/mqtt', topic, progress_topic: progressBase(topic) },
      events: ALL_EVENTS_PATH,
    }),
});

interface Wanted {
  readonly status?: string;
  readonly type?: string;
  readonly seconds?: number;
  readonly max_per_second?: number;
}

export const followAll = route({
  method: 'GET',
  path: ALL_EVENTS_PATH,
  scope: 'read',
  tag: 'Tasks',
  summary: 'Follow all tasks',
  description:
    'Events from now on: `status` and `progress` (the messages of the MQTT topics), and `gap` when changes may be missing: read again what you show.',
  queryMembers: {
    status: Type.Optional(StatusName),
    type: Type.Optional(TaskType),
    seconds: Type.Optional(
      Type.Number({ minimum: 0, maximum: SECONDS_MAX, description: 'End the stream after so long; default: never' }),
    ),
    max_per_second: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: PER_SECOND_MAX,
        description:
          'Of the changes of a second, look at so many only; when there are more, a `gap` comes with the next second. For pages that show what people can read: a busy cluster costs them nothing. Default: all',
      }),
    ),
  },
  answers: { 200: { description: 'A stream of events', media: 'text/event-stream' } },
  store: 'does not ask',
  handle: follow,
});

async function follow(call: Call<unknown, Wanted>, services: Services): Promise<Outcome> {
  const { engine, openCalls, clock } = services;
  const { response, request, query } = call;
  response.writeHead(200, { ...call.takeOver(), 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  if (request.method === 'HEAD') {
    response.end();
    return TAKEN_OVER;
  }
  const left = openCalls.open(response);
  const over = new AbortController();
  const end = query.seconds === undefined ? null : clock.after(query.seconds * 1000, () => over.abort());
  let beat = clock.after(KEEP_ALIVE_MS, keepAlive);
  function keepAlive(): void {
    if (!response.writableNeedDrain) response.write(KEEP_ALIVE);
    beat = clock.after(KEEP_ALIVE_MS, keepAlive);
  }
  response.write(reconnectAfter(RECONNECT_MS));
  const some = query.max_per_second === undefined ? {} : { perSecondMax: query.max_per_second };
  for await (const change of engine.watchAll(AbortSignal.any([left, over.signal]), some)) {
    if (change === 'gap') response.write('event: gap\ndata: {}\n\n');
    else if (isWanted(change, query)) {
      const text = eventText({ name: change.kind, id: change.version, data: messageOf(change) });
      // Only as far as the reader takes it: what it does not take becomes a gap, not memory.
      if (!response.write(text)) await roomIn(response, left);
    }
  }
  beat.cancel();
  end?.cancel();
  if (over.signal.aborted) response.end();
  else response.destroy();
  return TAKEN_OVER;
}

function isWanted(change: { readonly status: string; readonly type: string }, { status, type }: Wanted): boolean {
  return (status === undefined || change.status === status) && (type === undefined || change.type === type);
}

function roomIn(response: ServerResponse, left: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve);
  left.addEventListener('abort', () => resolve(), { once: true });
  if (left.aborted) resolve();
  return promise;
}

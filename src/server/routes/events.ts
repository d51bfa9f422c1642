// The life of one task as server-sent events: a snapshot, then each change, and the end after the final one.
import type { ServerResponse } from 'node:http';
import { Type } from 'typebox';
import { isFinal } from '../../domain/task.ts';
import type { TaskChange } from '../../engine/engine.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import { eventText, KEEP_ALIVE, reconnectAfter, versionOfEventId } from '../../protocol/event-stream.ts';
import { messageOf } from '../../protocol/push-messages.ts';
import { TaskId } from '../../protocol/schemas/fields.ts';
import { taskDetailJson } from '../../protocol/task-json.ts';
import { refusal, TAKEN_OVER } from '../answer.ts';
import { type Call, type Outcome, route } from '../route.ts';
import type { Services } from '../services.ts';

const KEEP_ALIVE_MS = 15_000;
const RECONNECT_MS = 2_000;

export const followTask = route({
  method: 'GET',
  path: '/api/v1/tasks/{id}/events',
  scope: 'read',
  tag: 'Tasks',
  summary: 'Follow a task',
  description:
    'Events: `snapshot` (the task), `status` and `progress` (the messages of the MQTT topics). Their ids are versions of the task; `Last-Event-ID` resumes after one.',
  pathMembers: { id: TaskId },
  badPath: 'task_not_found',
  headers: {
    'Last-Event-ID': { description: 'Version of the task that was seen last', schema: Type.String() },
  },
  answers: {
    200: { description: 'A stream of events', media: 'text/event-stream' },
    204: { description: 'The task is final and its last change was seen: nothing more will come' },
    404: { description: 'There is no task with this id' },
  },
  handle: follow,
});

async function follow(call: Call<{ id: string }>, services: Services): Promise<Outcome> {
  const { engine, openCalls, clock, log } = services;
  const { path, request, response } = call;
  const task = await engine.get(path.id);
  if (task === null) return refusal('task_not_found');
  // A number that was never given out comes from another life of the store: begin anew.
  const asked = versionOfEventId(headerOf(request.headers['last-event-id']));
  const afterVersion = asked !== null && asked <= task.version ? asked : null;
  // The one answer that keeps a browser's EventSource from connecting again for ever.
  if (isFinal(task.status) && afterVersion === task.version) return { status: 204, type: '', body: '' };

  response.writeHead(200, {
    ...call.takeOver(),
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  if (request.method === 'HEAD') {
    response.end();
    return TAKEN_OVER;
  }
  const signal = openCalls.open(response);
  const keepAlive = startKeepAlive(response, clock);
  let isOver = false;
  try {
    response.write(reconnectAfter(RECONNECT_MS));
    const changes = engine.watch(path.id, afterVersion === null ? { signal } : { signal, afterVersion });
    for await (const change of changes) {
      if (signal.aborted) break;
      if (!response.write(textOf(change))) await roomIn(response, signal);
      isOver = isFinal(change.kind === 'snapshot' ? change.task.status : change.event.status);
    }
  } catch (error) {
    log.warn('An event stream broke off', { task: path.id, error });
  }
  keepAlive.cancel();
  // A stream that stops before the final event is cut, not ended: its reader must see that more was to come.
  if (isOver) response.end();
  else response.destroy();
  return TAKEN_OVER;
}

function textOf(change: TaskChange): string {
  return change.kind === 'snapshot'
    ? eventText({ name: 'snapshot', id: change.task.version, data: taskDetailJson(change.task) })
    : eventText({ name: change.event.kind, id: change.event.version, data: messageOf(change.event) });
}

/** Until a slow reader has caught up, or is gone. */
function roomIn(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

function startKeepAlive(response: ServerResponse, clock: Clock): Timer {
  let timer = clock.after(KEEP_ALIVE_MS, beat);
  function beat(): void {
    // A reader that is behind will hear from us anyway; comments must not pile up for it.
    if (!response.writableNeedDrain) response.write(KEEP_ALIVE);
    timer = clock.after(KEEP_ALIVE_MS, beat);
  }
  return { cancel: () => timer.cancel() };
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

// The line of server-sent events: always there, needs nothing but HTTP.
import { XQueueError } from '../domain/errors.ts';
import { eventsIn } from './event-source.ts';
import { type HttpCalls, ServerUnreachable } from './http-calls.ts';
import { backOff, isHopeless } from './pause.ts';
import type { LineNews, TaskLine } from './watch-task.ts';
import { type Message, taskDetailOf } from './wire-task.ts';

export function eventLine(http: HttpCalls): TaskLine {
  return {
    async *follow(id, seen, signal): AsyncGenerator<LineNews, void, undefined> {
      const path = `/tasks/${encodeURIComponent(id)}/events`;
      const headers = (): Record<string, string> => (seen() === 0 ? {} : { 'last-event-id': String(seen()) });
      for await (const { name, data } of streams(http, path, headers, signal)) {
        if (name === 'snapshot') yield { task: taskDetailOf(data) };
        else if (name === 'status' || name === 'progress') yield { message: JSON.parse(data) as Message };
      }
    },
  };
}

/** Events of all tasks; `gap` after each break and where the server says so. */
export async function* allEvents(
  http: HttpCalls,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Message | 'gap', void, undefined> {
  for await (const { name, data } of streams(http, path, () => ({}), signal)) {
    if (name === 'gap' || name === 'connected') yield 'gap';
    else if (name === 'status' || name === 'progress') yield JSON.parse(data) as Message;
  }
}

/** A connection that lasted so long was none that failed, though nothing may have happened. */
const STEADY_MS = 10_000;

/** Connects again and again until the abort; each time it did, an event `connected` comes first. */
async function* streams(
  http: HttpCalls,
  path: string,
  headers: () => Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly name: string; readonly data: string }, void, undefined> {
  let watch: 'new' | 'begun' = 'new';
  for (let failures = 1; !signal.aborted; failures++) {
    const startedAt = http.clock.monotonic();
    try {
      const response = await http.open(path, { headers: headers(), signal });
      // Nothing more will come: the last change was seen.
      if (response.status === 204) return;
      yield { name: 'connected', data: '' };
      for await (const event of eventsIn(response)) {
        failures = 1;
        watch = 'begun';
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      // What the server refuses it will refuse again; a line that broke is worth another try.
      if (error instanceof XQueueError && !error.retryable) throw error;
      if (isHopeless(failures, watch)) throw error;
    }
    if (http.clock.monotonic() - startedAt > STEADY_MS) failures = 1;
    if (isHopeless(failures, watch)) throw new ServerUnreachable(`The events of ${http.url} end as soon as they begin`);
    await backOff(http.clock, failures, signal).catch(() => undefined);
  }
}

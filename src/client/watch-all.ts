// Follows the changes of all tasks that match, over MQTT when there is a connection for it, else over server-sent events.
// Each change is told once, and the versions of a task only rise, however often and in whatever order messages come.
import type { TaskView } from '../contract/task-view.ts';
import type { Status } from '../domain/task.ts';
import { allEvents } from './event-line.ts';
import type { HttpCalls } from './http-calls.ts';
import type { MqttLine } from './mqtt-line.ts';
import { NewestVersions } from './newest-versions.ts';
import type { Message } from './wire-task.ts';

export interface WatchAllQuery {
  readonly status?: Status | undefined;
  readonly type?: string | undefined;
  /** Messages do not carry tags: each task that is new to the watch is looked up once. */
  readonly tag?: string | undefined;
}

/** One change of some task. */
export interface AnyChange {
  readonly id: string;
  readonly type: string;
  /** `null` in reports of progress, which say nothing about it. */
  readonly status: Status | null;
  readonly version: number;
  readonly at: Date;
  readonly progress: unknown;
  readonly error: string | null;
  readonly workerId: string | null;
}

export interface WatchAllParts {
  readonly http: HttpCalls;
  readonly mqtt: MqttLine | null;
  readonly read: (id: string) => Promise<TaskView | null>;
}

/** Tasks whose tags and newest versions are remembered. */
const KNOWN_MAX = 10_000;

export async function* watchAll(
  { http, mqtt, read }: WatchAllParts,
  query: WatchAllQuery,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<AnyChange | 'gap', void, undefined> {
  const { status, type, tag } = query;
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const newest = new NewestVersions(KNOWN_MAX);
  const known = new Map<string, boolean>();
  const hasTag = async (id: string): Promise<boolean> => {
    if (tag === undefined) return true;
    let answer = known.get(id);
    if (answer === undefined) {
      answer = (await read(id))?.tags.includes(tag) ?? false;
      if (known.size >= KNOWN_MAX) known.clear();
      known.set(id, answer);
    }
    return answer;
  };
  try {
    const news = mqtt === null ? allEvents(http, pathOf(query), over.signal) : mqtt.followAll(over.signal);
    for await (const one of news) {
      if (one === 'gap') yield one;
      else if (!newest.isNews(one.task_id, one.version)) continue;
      else if (type !== undefined && one.type !== type) continue;
      else if (status !== undefined && one.status !== status) continue;
      else if (await hasTag(one.task_id)) yield changeOf(one);
    }
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    over.abort();
  }
}

function changeOf(message: Message): AnyChange {
  return {
    id: message.task_id,
    type: message.type,
    status: message.status ?? null,
    version: message.version,
    at: new Date(message.timestamp),
    progress: message.progress ?? null,
    error: message.error ?? null,
    workerId: message.worker_id ?? null,
  };
}

function pathOf({ status, type }: WatchAllQuery): string {
  const query = new URLSearchParams();
  if (status !== undefined) query.set('status', status);
  if (type !== undefined) query.set('type', type);
  return `/events?${query.toString()}`;
}

// Follows one task over a line that may break, double, drop or reorder: the task as it is first, versions that strictly
// rise, a new read wherever one is missing, and the end after the final one. Which line it is (server-sent events, MQTT)
// is not known here.
import type { Change, TaskView } from '../contract/task-view.ts';
import { XQueueError } from '../domain/errors.ts';
import { isFinal } from '../domain/task.ts';
import type { Clock } from '../ports/clock.ts';
import { ServerUnreachable } from './http-calls.ts';
import { backOff, isHopeless } from './pause.ts';
import { changeOfMessage, changeOfTask, type Message } from './wire-task.ts';

/** What a line brings. `gap`: something may be missing. */
export type LineNews = { readonly task: TaskView } | { readonly message: Message } | 'gap';

export interface TaskLine {
  /**
   * News of one task until `signal` aborts; must bring a `gap` or a `task` to begin with and after each break.
   * @param seen the newest version that was handed on, asked whenever the line connects again
   */
  follow(id: string, seen: () => number, signal: AbortSignal): AsyncIterable<LineNews>;
}

export interface WatchParts {
  readonly line: TaskLine;
  readonly read: (id: string) => Promise<TaskView>;
  readonly clock: Clock;
}

export async function* watchTask(
  { line, read, clock }: WatchParts,
  id: string,
  signal?: AbortSignal,
): AsyncGenerator<Change, void, undefined> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  let last: Change | null = null;
  try {
    for await (const news of line.follow(id, () => last?.version ?? 0, over.signal)) {
      const state = last === null ? 'new' : 'begun';
      const change = await next(news, last, () => patient(state, () => read(id), clock, over.signal));
      if (change === null) continue;
      last = change;
      yield change;
      if (isFinal(change.status)) return;
    }
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    over.abort();
  }
}

/** `null`: nothing that was not seen already. */
async function next(news: LineNews, last: Change | null, read: () => Promise<TaskView>): Promise<Change | null> {
  if (news !== 'gap' && 'message' in news && last !== null) {
    if (news.message.version <= last.version) return null;
    if (news.message.version === last.version + 1) return changeOfMessage(news.message, last);
  }
  const task = news !== 'gap' && 'task' in news ? news.task : await read();
  return last === null || task.version > last.version ? changeOfTask(task) : null;
}

/** A server that is starting again is no reason to end a watch. */
async function patient<T>(
  watch: 'new' | 'begun',
  read: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await read();
    } catch (error) {
      const isPassing = error instanceof ServerUnreachable || (error instanceof XQueueError && error.retryable);
      if (!isPassing || signal.aborted || isHopeless(failures, watch)) throw error;
      await backOff(clock, failures, signal);
    }
  }
}

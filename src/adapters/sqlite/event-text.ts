// How the outbox keeps events: small, since each is written with its task and nearly always deleted soon after. Most events
// of a transaction differ only in the task and its version, so what they share is said once.
import type { TaskErrorCode } from '../../domain/errors.ts';
import type { TaskEvent } from '../../ports/outbox.ts';
import { STATUS_CODES } from './status.ts';

/** An event by itself, with all that one can say. */
export type EventTuple = [
  kind: 0 | 1,
  taskId: string,
  type: string,
  status: number,
  version: number,
  at: number,
  retry: number,
  workerId: string | null,
  error: string | null,
  errorCode: TaskErrorCode | null,
  progress: string | null,
  cancelRequested: 0 | 1,
];

/** Changes of status that say nothing more, one behind the other: what they share, then the id and version of each task. */
type EventRun = [
  type: string,
  status: number,
  at: number,
  retry: number,
  workerId: string | null,
  ...tasks: (string | number)[],
];

export class EventText {
  #events: (EventTuple | EventRun)[] = [];
  /** The last of them, when another event may join it. */
  #run: EventRun | null = null;

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  add(event: EventTuple): void {
    const [kind, id, type, status, version, at, retry, workerId, error, errorCode, progress, cancelRequested] = event;
    if (kind === 1 || error !== null || errorCode !== null || progress !== null || cancelRequested === 1) {
      this.#events.push(event);
      this.#run = null;
      return;
    }
    const run = this.#run;
    if (run?.[1] === status && run[0] === type && run[2] === at && run[3] === retry && run[4] === workerId) {
      run.push(id, version);
      return;
    }
    this.#run = [type, status, at, retry, workerId, id, version];
    this.#events.push(this.#run);
  }

  /** All that was added since the last time. */
  take(): string {
    const text = JSON.stringify(this.#events);
    this.#events = [];
    this.#run = null;
    return text;
  }
}

/** Files of older versions hold only tuples. */
export function eventsOf(text: string): TaskEvent[] {
  return (JSON.parse(text) as (EventTuple | EventRun)[]).flatMap((events) =>
    isTuple(events) ? toEvent(events) : tuplesOf(events).map(toEvent),
  );
}

function isTuple(events: EventTuple | EventRun): events is EventTuple {
  return typeof events[0] === 'number';
}

function tuplesOf([type, status, at, retry, workerId, ...tasks]: EventRun): EventTuple[] {
  const tuples: EventTuple[] = [];
  for (let index = 0; index < tasks.length; index += 2) {
    const [id, version] = [tasks[index] as string, tasks[index + 1] as number];
    tuples.push([0, id, type, status, version, at, retry, workerId, null, null, null, 0]);
  }
  return tuples;
}

function toEvent(tuple: EventTuple): TaskEvent {
  const [kind, taskId, type, status, version, at, retry, workerId, error, errorCode, progress, cancelRequested] = tuple;
  return {
    kind: kind === 0 ? 'status' : 'progress',
    taskId,
    type,
    status: STATUS_CODES[status] ?? 'failed',
    version,
    at,
    retry,
    workerId,
    error,
    errorCode,
    progress,
    cancelRequested: cancelRequested === 1,
  };
}

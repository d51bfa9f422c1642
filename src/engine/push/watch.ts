// Following one task: a read that says where it stands, then its events. The subscription always comes before the read,
// so nothing falls between the two; versions tell what was seen already and what is missing.
import { StoreUnavailable } from '../../domain/errors.ts';
import { isFinal, type TaskWithAttempts } from '../../domain/task.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TaskChange } from '../engine.ts';
import type { EventHub } from './event-hub.ts';
import { EventMailbox } from './event-mailbox.ts';

export interface WatchSource {
  readonly hub: EventHub;
  readonly clock: Clock;
  /** Reads the task as it is now; `null` = unknown. Throws `StoreUnavailable`. */
  readonly read: (id: string) => Promise<TaskWithAttempts | null>;
}

export interface WatchOptions {
  readonly afterVersion?: number;
  readonly signal?: AbortSignal;
}

/** A net below the events (a store that lost its outbox, a fault of ours): each watcher looks for itself now and then. */
const RECHECK_MS = 30_000;
/** While the store is away a watcher that has already begun asks again this often, instead of giving up. */
const RETRY_MS = 1_000;

/**
 * Follows one task as `Engine.watch` promises: a snapshot, then changes with strictly rising versions, and the end after
 * the final one. Rejects with `StoreUnavailable` only when the first read fails.
 */
export function watch(source: WatchSource, id: string, options: WatchOptions = {}): AsyncIterable<TaskChange> {
  return {
    [Symbol.asyncIterator]() {
      const mailbox = new EventMailbox();
      const changes = follow(source, id, mailbox, options);
      return {
        next: () => changes.next(),
        // A generator that waits cannot be ended from outside; closing its mailbox first makes it come to an end.
        return: () => {
          mailbox.close();
          return changes.return(undefined);
        },
      };
    },
  };
}

/** Answers with the task when it is final, or as it is when `waitMs` is over or `signal` aborts. `null`: unknown task. */
export async function waitForFinal(
  source: WatchSource,
  id: string,
  waitMs: number,
  signal?: AbortSignal,
): Promise<TaskWithAttempts | null> {
  const mailbox = new EventMailbox();
  const end = attach(source, id, mailbox, signal);
  const deadline = source.clock.after(waitMs, () => mailbox.close());
  try {
    let task = await source.read(id);
    while (task && !isFinal(task.status)) {
      const mail = await mailbox.take();
      if (mail === 'closed') return signal?.aborted ? task : await source.read(id);
      if (mail !== 'gap' && !isFinal(mail.status)) continue;
      const now = await readAgain(source, id, mailbox);
      if (now !== undefined) task = now;
    }
    return task;
  } finally {
    deadline.cancel();
    end();
  }
}

async function* follow(
  source: WatchSource,
  id: string,
  mailbox: EventMailbox,
  { afterVersion = 0, signal }: WatchOptions,
): AsyncGenerator<TaskChange, void, undefined> {
  const end = attach(source, id, mailbox, signal);
  try {
    const first = await source.read(id);
    if (!first || signal?.aborted) return;
    let seen = afterVersion;
    if (first.version > seen) {
      seen = first.version;
      yield { kind: 'snapshot', task: first };
    }
    if (isFinal(first.status)) return;
    for (;;) {
      const mail = await mailbox.take();
      if (mail === 'closed') return;
      if (mail !== 'gap') {
        if (mail.version <= seen) continue;
        if (mail.version === seen + 1) {
          seen = mail.version;
          yield { kind: 'event', event: mail };
          if (isFinal(mail.status)) return;
          continue;
        }
      }
      const task = await readAgain(source, id, mailbox);
      if (task === undefined) continue;
      if (task === null) return;
      if (task.version > seen) {
        seen = task.version;
        yield { kind: 'snapshot', task };
      }
      if (isFinal(task.status)) return;
    }
  } finally {
    end();
  }
}

/** Connects the mailbox to everything that can fill or close it; the answer disconnects it again. */
function attach({ hub, clock }: WatchSource, id: string, mailbox: EventMailbox, signal?: AbortSignal): () => void {
  const leave = hub.onTask(
    id,
    (event) => mailbox.put(event),
    () => mailbox.lose(),
  );
  const close = (): void => mailbox.close();
  const recheck = (): void => {
    mailbox.lose();
    timer = clock.after(RECHECK_MS, recheck);
  };
  let timer = clock.after(RECHECK_MS, recheck);
  signal?.addEventListener('abort', close, { once: true });
  if (signal?.aborted) close();
  return () => {
    leave();
    timer.cancel();
    signal?.removeEventListener('abort', close);
  };
}

/** `undefined`: the store is away; a gap is put into the mailbox for a later try. */
async function readAgain(
  { read, clock }: WatchSource,
  id: string,
  mailbox: EventMailbox,
): Promise<TaskWithAttempts | null | undefined> {
  try {
    return await read(id);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    clock.after(RETRY_MS, () => mailbox.lose());
    return undefined;
  }
}

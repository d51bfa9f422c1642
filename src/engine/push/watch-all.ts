// Following the changes of all tasks, from now on. There is no snapshot: who watches reads what it shows, and reads it
// again after a `gap`.
import type { Clock, Timer } from '../../ports/clock.ts';
import type { TaskEvent } from '../../ports/outbox.ts';
import type { EventHub } from './event-hub.ts';
import { EventMailbox } from './event-mailbox.ts';

/** Some seconds of a busy cluster. A reader that falls further behind is told of a gap. */
const EVENTS_MAX = 10_000;
const SECOND_MS = 1_000;

export interface WatchAllOptions {
  /** Of the events of a second, at most so many; the rest is left out and a gap says so. Left out: all. */
  readonly perSecondMax?: number;
}

/** Ends on abort. `gap`: changes may be missing. */
export async function* watchAll(
  { hub, clock }: { readonly hub: EventHub; readonly clock: Clock },
  signal: AbortSignal,
  { perSecondMax }: WatchAllOptions = {},
): AsyncGenerator<TaskEvent | 'gap', void, undefined> {
  const mailbox = new EventMailbox(EVENTS_MAX);
  const close = (): void => mailbox.close();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  const listening =
    perSecondMax === undefined ? listenToAll(hub, mailbox) : listenToSome({ hub, clock }, mailbox, perSecondMax);
  try {
    for (;;) {
      const mail = await mailbox.take();
      if (mail === 'closed') return;
      yield mail;
    }
  } finally {
    listening.stop();
    signal.removeEventListener('abort', close);
  }
}

interface Listening {
  stop(): void;
}

function listenToAll(hub: EventHub, mailbox: Pick<EventMailbox, 'put' | 'lose'>): Listening {
  const leave = hub.onAll(
    (event) => mailbox.put(event),
    () => mailbox.lose(),
  );
  return { stop: leave };
}

/** With its share of a second used up it leaves the hub until the next: what nobody listens to is not even decoded. */
function listenToSome(
  { hub, clock }: { readonly hub: EventHub; readonly clock: Clock },
  mailbox: EventMailbox,
  perSecondMax: number,
): Listening {
  let since = clock.monotonic();
  let heard = 0;
  let pause: Timer | null = null;
  let stay = listenToAll(hub, { put: hear, lose: () => mailbox.lose() });

  function hear(event: TaskEvent): void {
    const now = clock.monotonic();
    if (now - since >= SECOND_MS) [since, heard] = [now, 0];
    if (heard < perSecondMax) {
      heard++;
      return mailbox.put(event);
    }
    stay.stop();
    pause = clock.after(since + SECOND_MS - now, goOn);
  }

  /** First listens, then says that something is missing: what is read after that misses nothing. */
  function goOn(): void {
    [since, heard] = [clock.monotonic(), 0];
    stay = listenToAll(hub, { put: hear, lose: () => mailbox.lose() });
    mailbox.lose();
  }

  return {
    stop: () => {
      pause?.cancel();
      stay.stop();
    },
  };
}

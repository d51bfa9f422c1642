// The live feed of all pages: changes as server-sent events, handed out once per frame. Of a busy cluster it asks for so
// many changes a second only, so that an open page costs the tasks next to nothing; when there were more, and after every
// interruption, it tells everybody to read again. A page that nobody sees does not follow at all.
import { Cell } from '../state/cell.ts';
import type { Change, Transport, TransportEvents } from './change.ts';
import { PerFrame } from './per-frame.ts';
import { connectSse } from './sse-transport.ts';

export type FeedState = 'connecting' | 'live' | 'lost';

export const feedState = new Cell<FeedState>('connecting');

type Listener = (changes: readonly Change[]) => void;
/** `soon`: when there is time, at most once a second; `now`: what is shown may be old. */
export type Gap = 'soon' | 'now';

/** More than a person can follow. */
const PER_SECOND_MAX = 200;
const PATH = `/api/v1/events?max_per_second=${PER_SECOND_MAX}`;
const QUEUE_MAX = 5000;
/** A browser has six connections for all windows of a server, and a follower costs it something too. */
const HIDDEN_MS = 20_000;

const listeners = new Set<Listener>();
const gapListeners = new Set<(gap: Gap) => void>();
let transport: Transport | null = null;

/** Called at most once per frame, with all changes since the last call. */
export function onChanges(listener: Listener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Called when changes may have been missed: read again what you show. */
export function onGap(listener: (gap: Gap) => void): () => void {
  gapListeners.add(listener);
  return () => {
    gapListeners.delete(listener);
  };
}

const frames = new PerFrame<Change>(QUEUE_MAX, (changes, overrun) => {
  for (const listener of listeners) listener(changes);
  if (overrun) tellGap('soon');
});

function tellGap(gap: Gap): void {
  for (const listener of gapListeners) listener(gap);
}

const events: TransportEvents = {
  change: (change) => frames.add(change),
  up() {
    feedState.set('live');
    tellGap('now');
  },
  down() {
    if (feedState.get() === 'live') feedState.set('lost');
  },
  some: () => tellGap('soon'),
};

/** Also: begins again, with another key. */
export function startFeed(): void {
  transport?.close();
  feedState.set('connecting');
  transport = connectSse(PATH, events);
}

/** Leaves while nobody sees the page, and comes back with it. */
export function followWhileSeen(): void {
  let hiding: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (!document.hidden) {
      if (transport === null) startFeed();
      return;
    }
    hiding = setTimeout(() => {
      transport?.close();
      transport = null;
    }, HIDDEN_MS);
  });
}

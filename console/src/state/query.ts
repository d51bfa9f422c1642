// Reading from the server and staying true: a query is read when shown, again when changes come in (at most once a
// second), and again after every interruption. Components with the same key share one reading.
import { useEffect, useState } from 'preact/hooks';
import { server } from '../api/call.ts';
import { onChanges, onGap } from '../live/feed.ts';

export interface QueryOptions {
  /** `changes`: read again when tasks change. `never`: only when asked. Default `changes`. */
  readonly again?: 'changes' | 'never';
  /** Read again at least this often, for what nobody announces. Default 10 s. */
  readonly everyMs?: number;
}

export interface Query<T> {
  /** The last good answer, also while a newer one is on its way or failed. */
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly reload: () => void;
}

const AGAIN_MS = 1000;
/** What takes the server long is asked less often: so much of the time is for it, as far as people still call it live. */
const SHARE = 0.1;
const AGAIN_MS_MAX = 3000;
const PATCHED_MS = 2000;
const EVERY_MS = 10_000;

interface Entry {
  data: unknown;
  error: Error | null;
  readonly readers: Set<() => void>;
  read: (signal: AbortSignal) => Promise<unknown>;
  isReading: boolean;
  isWanted: boolean;
  readAt: number;
  /** The last reading took so long. */
  tookMs: number;
  again: 'changes' | 'never';
  everyMs: number;
}

const entries = new Map<string, Entry>();

async function run(entry: Entry): Promise<void> {
  if (entry.isReading) {
    entry.isWanted = true;
    return;
  }
  entry.isReading = true;
  entry.isWanted = false;
  entry.readAt = performance.now();
  try {
    entry.data = await entry.read(new AbortController().signal);
    entry.error = null;
  } catch (error) {
    entry.error = error instanceof Error ? error : new Error(String(error));
  }
  entry.isReading = false;
  entry.tookMs = performance.now() - entry.readAt;
  for (const reader of entry.readers) reader();
  if (entry.isWanted) later(entry);
}

/** As soon as a second has passed since the last reading, or more if that took long; many wishes become one. */
function later(entry: Entry): void {
  entry.isWanted = true;
  const wait = Math.max(
    0,
    entry.readAt + Math.min(AGAIN_MS_MAX, Math.max(AGAIN_MS, entry.tookMs / SHARE)) - performance.now(),
  );
  setTimeout(() => {
    if (entry.isWanted && !entry.isReading && entry.readers.size > 0) void run(entry);
  }, wait);
}

function wantAgain(isFor: (entry: Entry) => boolean): void {
  for (const entry of entries.values()) {
    if (entry.readers.size > 0 && !entry.isWanted && isFor(entry)) later(entry);
  }
}

export function readAllAgain(): void {
  for (const entry of entries.values()) if (entry.readers.size > 0) void run(entry);
}

export function startQueries(): void {
  onChanges(() => wantAgain(({ again }) => again === 'changes'));
  onGap((gap) => {
    if (gap === 'now') return readAllAgain();
    // What does not follow changes has only been patched with them, and some are missing now.
    wantAgain(({ again, readAt }) => again === 'changes' || performance.now() - readAt > PATCHED_MS);
  });
  server.watch((state) => {
    if (state === 'ok') readAllAgain();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) readAllAgain();
  });
  setInterval(() => {
    if (!document.hidden) wantAgain(({ readAt, everyMs }) => performance.now() - readAt > everyMs);
  }, 1000);
}

export function useQuery<T>(
  key: string,
  read: (signal: AbortSignal) => Promise<T>,
  { again = 'changes', everyMs = EVERY_MS }: QueryOptions = {},
): Query<T> {
  const [, update] = useState(0);
  let entry = entries.get(key);
  if (entry === undefined) {
    const state = { data: undefined, error: null, isReading: false, isWanted: false, readAt: 0, tookMs: 0 };
    entry = { ...state, readers: new Set(), read, again, everyMs };
    entries.set(key, entry);
  }
  entry.read = read;
  const shown = entry;
  useEffect(() => {
    const reader = (): void => update((n) => n + 1);
    shown.readers.add(reader);
    if (shown.readers.size === 1) void run(shown);
    return () => {
      shown.readers.delete(reader);
      // What nobody looks at is not kept: it would be old when they come back.
      if (shown.readers.size === 0) setTimeout(() => shown.readers.size === 0 && entries.delete(key), 30_000);
    };
  }, [shown]);
  return { data: shown.data as T | undefined, error: shown.error, reload: () => void run(shown) };
}

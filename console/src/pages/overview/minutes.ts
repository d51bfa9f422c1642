// The last hour minute by minute; the server leaves out minutes in which nothing happened.
import type { Minute } from '../../api/cluster.ts';

export type MinuteName = Exclude<keyof Minute, 'at'>;

const MINUTE_MS = 60_000;
const SHOWN = 60;

export interface LastHour {
  /** Unix ms of the start of each minute, oldest first, the last one is not over yet. */
  readonly times: readonly number[];
  values(name: MinuteName): readonly number[];
}

export function lastHour(minutes: readonly Minute[], now: number): LastHour {
  const end = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const times = Array.from({ length: SHOWN }, (_, i) => end - (SHOWN - 1 - i) * MINUTE_MS);
  const byTime = new Map(minutes.map((minute) => [Date.parse(minute.at), minute]));
  return { times, values: (name) => times.map((at) => byTime.get(at)?.[name] ?? 0) };
}

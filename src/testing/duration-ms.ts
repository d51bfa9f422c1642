// Durations as tests give them.
import type { Duration } from '../contract/submit-options.ts';
import { parseDuration } from '../domain/duration.ts';

/** @throws TypeError that names what was given */
export function durationMs(name: string, duration: Duration): number {
  const ms = parseDuration(duration);
  if (ms === null) throw new TypeError(`${name}: expected a duration such as "5m" or seconds, got ${String(duration)}`);
  return ms;
}

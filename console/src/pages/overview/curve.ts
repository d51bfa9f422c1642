// The time series as a curve. While it is short it begins some minutes ago all the same: a single point is no curve.
import type { Series, SeriesPoint } from '../../api/series.ts';

const SPAN_MS_MIN = 10 * 60_000;

export interface Curve {
  /** Unix ms of each point, evenly spaced, oldest first. */
  readonly times: readonly number[];
  /** null: not known. */
  readonly values: (name: Exclude<keyof SeriesPoint, 'at'>) => readonly (number | null)[];
}

export function curveOf({ points, step_seconds }: Series = { points: [], step_seconds: 1 }): Curve {
  const [first] = points;
  const stepMs = step_seconds * 1000;
  const missing = first === undefined ? 0 : Math.max(0, Math.ceil(SPAN_MS_MIN / stepMs) - points.length);
  const start = first === undefined ? 0 : Date.parse(first.at);
  const before = Array.from({ length: missing }, (_, i) => start - (missing - i) * stepMs);
  return {
    times: [...before, ...points.map(({ at }) => Date.parse(at))],
    values: (name) => [...before.map(() => null), ...points.map((point) => point[name])],
  };
}

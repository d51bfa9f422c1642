// The time series as the overview draws it.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SeriesPoint } from '../../../console/src/api/series.ts';
import { curveOf } from '../../../console/src/pages/overview/curve.ts';

const STEP_MS = 10_000;
const START = Date.UTC(2026, 0, 1);

function points(n: number): SeriesPoint[] {
  return Array.from({ length: n }, (_, i) => ({
    at: new Date(START + i * STEP_MS).toISOString(),
    pending: i,
    processing: 0,
    oldest_pending_seconds: 0,
    wait_p50_seconds: null,
    wait_p95_seconds: null,
    nodes: 1,
    slots: 1,
  }));
}

it('a series that has just begun is drawn at the end of ten minutes of which nothing is known', () => {
  const { times, values } = curveOf({ step_seconds: STEP_MS / 1000, points: points(2) });
  assert.equal(times.length, 60);
  assert.deepEqual(times.slice(-2), [START, START + STEP_MS]);
  assert.ok(times.every((at, i) => i === 0 || at - (times[i - 1] ?? 0) === STEP_MS));
  assert.deepEqual(values('pending'), [...Array.from({ length: 58 }, () => null), 0, 1]);
});

it('a long series is drawn as it is, and one that was not read yet not at all', () => {
  const long = { step_seconds: STEP_MS / 1000, points: points(100) };
  assert.deepEqual(
    curveOf(long).values('pending'),
    long.points.map(({ pending }) => pending),
  );
  assert.deepEqual(curveOf(undefined).times, []);
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assert as check, nat, property } from 'fast-check';
import { formatDuration, parseDuration } from '../../../src/domain/duration.ts';

it('reads durations as people write them', () => {
  const durations: [string | number, number][] = [
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['1.5s', 1500],
    [' 2h ', 7_200_000],
    ['90', 90_000],
    [0.25, 250],
    [0, 0],
  ];
  for (const [given, ms] of durations) assert.equal(parseDuration(given), ms, String(given));
});

it('refuses what is no duration', () => {
  for (const given of ['', 's', '5 m', '-1s', '1e3', '5min', '1s2', 'NaN', -1, Number.NaN, Infinity, null, true, {}]) {
    assert.equal(parseDuration(given), null, JSON.stringify(given));
  }
});

it('what is shown reads back as the same', () => {
  check(property(nat(10_000_000_000), (ms) => parseDuration(formatDuration(ms)) === ms));
});

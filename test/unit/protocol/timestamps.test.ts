import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { msOfSeconds, secondsOfMs } from '../../../src/protocol/durations.ts';
import { formatTimestamp, parseTimestamp } from '../../../src/protocol/timestamps.ts';

describe('an instant', () => {
  it('is written as RFC 3339 in UTC with three digits of milliseconds', () => {
    assert.equal(formatTimestamp(0), '1970-01-01T00:00:00.000Z');
    assert.equal(formatTimestamp(1_795_372_769_007), '2026-11-22T18:39:29.007Z');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        assert.equal(formatTimestamp(ms), new Date(ms).toISOString());
      }),
    );
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
        assert.equal(parseTimestamp(new Date(ms).toISOString()), ms);
      }),
    );
  });

  for (const [text, ms] of [
    ['2026-11-22T18:39:29Z', Date.UTC(2026, 10, 22, 18, 39, 29)],
    ['2026-11-22t18:39:29.5z', Date.UTC(2026, 10, 22, 18, 39, 29, 500)],
    ['2026-11-22T20:09:29.123999+01:30', Date.UTC(2026, 10, 22, 18, 39, 29, 123)],
    ['2026-11-21T23:59:59-23:59', Date.UTC(2026, 10, 22, 23, 58, 59)],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
  ] as const) {
    it(`may be given as ${text}`, () => assert.equal(parseTimestamp(text), ms));
  }

  for (const text of [
    '2026-02-30T00:00:00Z',
    '2027-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T23:60:00Z',
    '2026-12-31T23:59:60Z',
    '2026-01-01T00:00:00',
    '2026-01-01 00:00:00Z',
    '2026-01-01',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00.Z',
    '+012026-01-01T00:00:00Z',
    '1795372769',
    '',
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(parseTimestamp(text), null));
  }
});

describe('a duration', () => {
  it('becomes whole milliseconds', () => {
    assert.deepEqual(
      [0, 1, 0.1, 1.0004, 1.0006, 3_155_760_000].map(msOfSeconds),
      [0, 1000, 100, 1000, 1001, 3_155_760_000_000],
    );
  });

  it('longer than nothing never becomes nothing, which would mean "no limit"', () => {
    assert.deepEqual([0.0001, Number.MIN_VALUE].map(msOfSeconds), [1, 1]);
    assert.ok(Object.is(msOfSeconds(-0), 0));
  });

  it('comes back as the seconds that were given', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => assert.equal(msOfSeconds(secondsOfMs(ms)), ms)));
  });
});

// When a failed attempt is tried again.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { LIMITS } from '../../../src/domain/limits.ts';
import { DEFAULT_RETRY, RETRY_TYPES, type RetryStrategy, retryDelayMs } from '../../../src/domain/retry.ts';

const delayMs = fc.integer({ min: 0, max: LIMITS.durationSecondsMax * 1000 });
const strategies: fc.Arbitrary<RetryStrategy> = fc.record({
  type: fc.constantFrom(...RETRY_TYPES),
  delayMs,
  factor: fc.double({ min: 0, max: 1e6, noNaN: true }),
  maxDelayMs: delayMs,
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const retries = fc.integer({ min: 1, max: LIMITS.maxRetryMax });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const withoutJitter = (strategy: Partial<RetryStrategy>): RetryStrategy => ({
  ...DEFAULT_RETRY,
  ...strategy,
  jitter: 0,
});
const waits = (strategy: RetryStrategy): number[] => [1, 2, 3, 4].map((retry) => retryDelayMs(strategy, retry, 0.5));

describe('the wait before a retry', () => {
  it('is a whole number of milliseconds between zero and the longest wait, whatever the strategy', () => {
    fc.assert(
      fc.property(strategies, retries, chance, (strategy, retry, random) => {
        const wait = retryDelayMs(strategy, retry, random);
        assert.ok(Number.isSafeInteger(wait), `${wait}`);
        assert.ok(wait >= 0 && wait <= strategy.maxDelayMs, `${wait}`);
      }),
    );
  });

  it('differs from the same wait without jitter by at most the share that jitter allows', () => {
    fc.assert(
      fc.property(strategies, retries, chance, (strategy, retry, random) => {
        const plain = retryDelayMs({ ...strategy, jitter: 0 }, retry, random);
        const wait = retryDelayMs(strategy, retry, random);
        // Both numbers are rounded to a whole millisecond, so they may be one further apart.
        assert.ok(Math.abs(wait - plain) <= plain * strategy.jitter + 1, `${plain} became ${wait}`);
      }),
    );
  });

  it('is spread over the whole share, so that retries do not arrive as a herd', () => {
    const strategy: RetryStrategy = { ...DEFAULT_RETRY, delayMs: 10_000, jitter: 0.25 };
    assert.equal(retryDelayMs(strategy, 1, 0), 7500);
    assert.equal(retryDelayMs(strategy, 1, 0.5), 10_000);
    assert.equal(retryDelayMs(strategy, 1, 0.75), 11_250);
  });

  it('never shrinks from one retry to the next when nothing is random and the factor is at least 1', () => {
    fc.assert(
      fc.property(strategies, fc.integer({ min: 1, max: 999 }), (strategy, retry) => {
        const steady = withoutJitter({ ...strategy, factor: Math.max(1, strategy.factor) });
        assert.ok(retryDelayMs(steady, retry, 0.5) <= retryDelayMs(steady, retry + 1, 0.5));
      }),
    );
  });

  it('doubles by default, starting at one second', () => {
    assert.deepEqual(waits(withoutJitter({})), [1000, 2000, 4000, 8000]);
  });

  it('grows by the same amount each time when it is linear', () => {
    assert.deepEqual(waits(withoutJitter({ type: 'linear', delayMs: 500, factor: 2 })), [500, 1500, 2500, 3500]);
  });

  it('stays the same when it is fixed', () => {
    assert.deepEqual(waits(withoutJitter({ type: 'fixed', delayMs: 700, factor: 9 })), [700, 700, 700, 700]);
  });

  it('is rounded to the nearest millisecond', () => {
    assert.deepEqual(waits(withoutJitter({ delayMs: 11, factor: 1.4 })), [11, 15, 22, 30]);
  });

  it('stops growing at the longest wait', () => {
    assert.deepEqual(waits(withoutJitter({ maxDelayMs: 3000 })), [1000, 2000, 3000, 3000]);
  });

  it('is nothing when the first wait is nothing, even where the growth is beyond every number', () => {
    const strategy = withoutJitter({ delayMs: 0, factor: 1e6 });
    assert.equal(retryDelayMs(strategy, LIMITS.maxRetryMax, 0.5), 0);
  });
});

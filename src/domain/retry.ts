// When a failed attempt is tried again. Pure: the random number is an argument.

export const RETRY_TYPES = ['exponential', 'linear', 'fixed'] as const;
export type RetryType = (typeof RETRY_TYPES)[number];

export interface RetryStrategy {
  readonly type: RetryType;
  /** Wait before the first retry. */
  readonly delayMs: number;
  /** Growth per retry: multiplies for `exponential`, adds `delay * factor` for `linear`, unused for `fixed`. */
  readonly factor: number;
  readonly maxDelayMs: number;
  /** 0..1: each wait is changed by at most this share, up or down, so that retries do not arrive as a herd. */
  readonly jitter: number;
}

export const DEFAULT_RETRY: RetryStrategy = {
  type: 'exponential',
  delayMs: 1000,
  factor: 2,
  maxDelayMs: 3_600_000,
  jitter: 0.1,
};

/**
 * The wait before retry number `retry` (1 = first retry), in whole milliseconds, never above `maxDelayMs`.
 * @param random a number in [0, 1)
 */
export function retryDelayMs(strategy: RetryStrategy, retry: number, random: number): number {
  const base = Math.min(growth(strategy, retry), strategy.maxDelayMs);
  const spread = base * strategy.jitter * (2 * random - 1);
  return Math.round(Math.min(Math.max(0, base + spread), strategy.maxDelayMs));
}

function growth({ type, delayMs, factor }: RetryStrategy, retry: number): number {
  switch (type) {
    case 'fixed':
      return delayMs;
    case 'linear':
      return delayMs + delayMs * factor * (retry - 1);
    case 'exponential':
      // `0 * Infinity` would be NaN: no delay stays no delay however large the factor grows.
      return delayMs === 0 ? 0 : delayMs * factor ** (retry - 1);
  }
}

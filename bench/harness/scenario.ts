// What a scenario is and what it reports.

export interface Context {
  /** Rounds; each measures every side once, in turn. */
  readonly runs: number;
  /** A folder of the run's own on a real disk; each scenario makes its folders in it. */
  readonly scratch: string;
  readonly say: (line: string) => void;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What was compared and how, for the reader of the table. */
  readonly how: readonly string[];
  run(context: Context): Promise<Report>;
}

export interface Report {
  readonly figures: readonly Figure[];
  /** What happened that the reader must know, such as a side that could not be measured. */
  readonly notes: readonly string[];
}

/** One line of the table; one value per round. */
export interface Figure {
  /** Who: `XQueue`, `BullMQ`, or `XQueue : BullMQ` for a ratio. */
  readonly of: string;
  readonly what: string;
  readonly unit: Unit;
  readonly values: readonly number[];
  readonly target?: Target;
}

export type Unit = 'tasks/s' | 'calls/s' | 'messages/s' | 'ms' | 's' | 'us CPU' | 'MB' | 'bytes' | '% CPU' | 'x';

/** What the median must reach. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** Ratios are made round by round, so that a machine that is slow for a while is slow for both. */
export function ratio(
  of: string,
  what: string,
  [above, below]: readonly [readonly number[], readonly number[]],
  target?: Target,
): Figure {
  const values = above.map((value, round) => value / (below[round] ?? Number.NaN));
  return { of, what, unit: 'x', values, ...(target === undefined ? {} : { target }) };
}

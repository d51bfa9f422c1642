// What `xqueue doctor` finds out about one thing.

export interface Finding {
  /** What was looked at: `store version`, `http port` ... */
  readonly check: string;
  /** `warning`: a node would start, and something is not as it should be. `error`: it would not, or tasks are not safe. */
  readonly status: 'ok' | 'warning' | 'error';
  /** One sentence for a person. */
  readonly detail: string;
  /** Whose fault an error is: what was given (exit code 2), or what is outside of XQueue (4). Default: outside. */
  readonly fault?: 'given';
}

export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node tries IPv4 and IPv6 and puts both failures into one error without a message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(textOf).join('; ');
  return error.message || ('code' in error ? String(error.code) : error.name);
}

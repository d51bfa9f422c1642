// A configuration that cannot be used is refused with one message that names everything wrong with it.

export interface Problem {
  /** Setting or name as given. */
  readonly name: string;
  /** `flag --server-port`, `environment XQUEUE_SERVER_PORT`, `xqueue.yaml:3`, `option`; '' when it is about several. */
  readonly source: string;
  readonly message: string;
}

/** Usage error: nothing was started. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(describe(problems));
    this.problems = problems;
  }
}

function describe(problems: readonly Problem[]): string {
  const title =
    problems.length === 1 ? 'The configuration has a problem:' : `The configuration has ${problems.length} problems:`;
  const lines = problems.map(({ name, source, message }) => `  ${name}${source ? ` (${source})` : ''}: ${message}`);
  return [title, ...lines].join('\n');
}

// The exit codes of every command, and how a command ends with one of them.

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  conflict: 6,
  taskFailed: 7,
  taskNotRun: 8,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code means, for the help. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'fine',
  1: 'failure',
  2: 'wrong usage or configuration',
  3: 'not found',
  4: 'server or store not reachable, port or data file taken',
  6: 'conflict: the task is not in a state that allows it',
  7: 'the task failed (with --wait, and for watch)',
  8: 'the task was canceled or timed out (with --wait, and for watch)',
};

/** Ends the command. The message, if any, goes to standard error. */
export class Exit extends Error {
  override readonly name = 'Exit';
  readonly code: ExitCode;

  constructor(code: ExitCode, message = '') {
    super(message);
    this.code = code;
  }
}

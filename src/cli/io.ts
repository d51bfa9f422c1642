// What a command may touch: standard output for data, standard error for everything else, the environment, input, time.
import { webClock } from '../client.ts';
import type { Environment } from '../config/environment.ts';
import type { Clock } from '../ports/clock.ts';

export interface Io {
  /** Data, one line or more, without the last line break. */
  out(text: string): void;
  err(text: string): void;
  readonly env: Environment;
  /** Standard input to its end. */
  input(): Promise<string>;
  /** A person looks at it; left out: nobody does. */
  readonly terminal?: Terminal;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** What can be drawn on, as far as it is a terminal. */
export interface Terminal {
  /** Width and height of standard output in characters; `null`: it goes to a file or a pipe. */
  size(): { readonly columns: number; readonly rows: number } | null;
  /** Writes to standard output as it is. */
  draw(text: string): void;
  /** Replaces the last line of standard error; '' takes it away. Does nothing where that is no terminal. */
  status(line: string): void;
}

export function clockOf(io: Io): Clock {
  return io.clock ?? webClock;
}

export function processIo(): Io {
  // `xqueue task list | head` closes the pipe early; that is not an error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    env: process.env,
    input: async () => {
      let text = '';
      for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk);
      return text;
    },
    terminal: processTerminal(),
  };
}

function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    size: () => (stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : null),
    draw: (text) => void stdout.write(text),
    status: (line) => {
      if (stderr.isTTY) stderr.write(`\r\u001b[2K${line.slice(0, stderr.columns - 1)}`);
    },
  };
}

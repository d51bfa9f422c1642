// How the command line talks to a running server: through the client of the package, with refusals as exit codes.
import type { Command } from 'commander';
import { HttpCalls, ServerUnreachable } from '../client/http-calls.ts';
import { XQueueClient } from '../client.ts';
import { API_ERRORS, XQueueError } from '../domain/errors.ts';
import { EXIT, Exit, type ExitCode } from './exit.ts';
import { clockOf, type Io } from './io.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

export interface Server {
  /** For what the command line needs of tasks. Its errors become exit codes in `main`. */
  readonly client: XQueueClient;
  /**
   * One call, for what is printed as the server wrote it: not a digit of a payload is lost on the way.
   * @param path below /api/v1
   * @param body JSON text
   */
  call(method: string, path: string, body?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export function addServerOption(command: Command): Command {
  return command.option('--url <url>', `address of the server (default: $XQUEUE_URL or ${DEFAULT_URL})`);
}

/** The API key comes from `XQUEUE_API_KEY` only: flags can be read by every user of the machine. */
export function serverOf(command: Command, io: Io): Server {
  const url = command.opts<{ url?: string }>().url ?? io.env['XQUEUE_URL'] ?? DEFAULT_URL;
  if (!URL.canParse(url)) throw new Exit(EXIT.usage, `"${url}" is not a URL such as ${DEFAULT_URL}.`);
  // A person waits: two more tries cover a restart's last moment, and an absent server is reported soon.
  const options = { url, apiKey: io.env['XQUEUE_API_KEY'] || undefined, retries: 2, clock: clockOf(io) };
  const http = new HttpCalls(options);
  return {
    client: new XQueueClient(options),
    call: async (method, path, body, headers = {}) =>
      http.call(method, path, {
        headers,
        ...(body === undefined ? {} : { body }),
        // What the command line sends is harmless twice, or has an idempotency key.
        again: method === 'POST' && headers['idempotency-key'] === undefined ? 'never' : 'harmless',
      }),
  };
}

const HINT = 'Start one with `xqueue start`, or name another with --url or XQUEUE_URL.';

/** What an error of the client means for the command; `null`: it is none. */
export function exitOf(error: unknown): Exit | null {
  if (error instanceof ServerUnreachable) return new Exit(EXIT.unreachable, `${error.message}.\n${HINT}`);
  if (!(error instanceof XQueueError)) return null;
  const faults = error.faults.map(({ path, message }) => `  ${path || '/'}: ${message}`);
  return new Exit(
    codeOf(API_ERRORS[error.code].status),
    [faults.length > 0 ? API_ERRORS[error.code].title : error.message, ...faults].join('\n'),
  );
}

function codeOf(status: number): ExitCode {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return EXIT.usage;
    case 404:
      return EXIT.notFound;
    case 409:
      return EXIT.conflict;
    case 502:
    case 503:
    case 504:
      return EXIT.unreachable;
    default:
      return EXIT.failure;
  }
}

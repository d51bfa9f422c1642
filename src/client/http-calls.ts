// One call to the server: its answer as text, refusals as errors of the catalogue, and another try where the answer was
// lost and trying again is harmless.
import { API_ERRORS, type ApiErrorCode, type Fault, XQueueError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { pause } from './pause.ts';

/** No server answered, however often it was asked. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';
  readonly code = 'unreachable';
  readonly retryable = true;
}

export interface HttpOptions {
  /** Address of the server; with or without `/api/v1`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. */
  readonly apiKey?: string | undefined;
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
  /** How often a call is tried again when no answer came; default 4. */
  readonly retries?: number | undefined;
  readonly clock: Clock;
}

export interface HttpCall {
  /** JSON text. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** `harmless`: the same call twice does what it does once. Default: only for GET. */
  readonly again?: 'harmless' | 'never';
  /** No answer after this is no answer; default 30 s. */
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 4;
const BACK_OFF_MS = 100;
const BACK_OFF_MS_MAX = 5000;
/** Answers of whoever stands before the server, or of one that is starting or stopping. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

export class HttpCalls {
  /** Without `/api/v1`, without a slash at the end. */
  readonly url: string;
  readonly clock: Clock;
  readonly apiKey: string | undefined;
  readonly #fetch: typeof fetch;
  readonly #retries: number;

  /** @throws TypeError when the URL is none */
  constructor({ url, apiKey, fetch: own, retries = RETRIES, clock }: HttpOptions) {
    if (!URL.canParse(url)) throw new TypeError(`url: "${url}" is not a URL such as http://127.0.0.1:8080`);
    this.url = url.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
    this.apiKey = apiKey;
    this.clock = clock;
    // Called through a variable, because browsers refuse a `fetch` that is a member of something else.
    this.#fetch = own ?? ((input, init) => fetch(input, init));
    this.#retries = retries;
  }

  /**
   * @param path below /api/v1
   * @throws XQueueError as the server refused; ServerUnreachable; the signal's reason
   */
  async call(method: string, path: string, call: HttpCall = {}): Promise<HttpAnswer> {
    const isHarmless = (call.again ?? (method === 'GET' ? 'harmless' : 'never')) === 'harmless';
    for (let retry = 0; ; retry++) {
      const mayTry = retry < this.#retries;
      let response: Response;
      let text: string;
      try {
        [response, text] = await this.#withDeadline(call, async (signal) => {
          const answer = await this.#fetch(this.url + pathBelow(path), this.#init(method, call, signal));
          return [answer, await answer.text()] as const;
        });
      } catch (error) {
        call.signal?.throwIfAborted();
        if (!isHarmless || !mayTry) throw this.#unreachable(error);
        await pause(this.clock, this.#backOffMs(retry), call.signal);
        continue;
      }
      if (response.ok) return { status: response.status, headers: response.headers, text };
      // A 503 of the server itself says that nothing happened, so also what is not harmless may be tried again.
      const refused = refusalOf(response.status, text);
      const changedNothing = refused.code === 'store_unavailable' || refused.code === 'draining';
      if (!mayTry || !PASSING.has(response.status) || !(isHarmless || changedNothing)) throw refused;
      const afterMs = Number(response.headers.get('retry-after') ?? 0) * 1000;
      const waitMs = Math.max(
        this.#backOffMs(retry),
        Math.min(Number.isFinite(afterMs) ? afterMs : 0, BACK_OFF_MS_MAX),
      );
      await pause(this.clock, waitMs, call.signal);
    }
  }

  /** A stream of events. Tried once: whoever reads streams has to connect again anyway. @throws as `call` */
  async open(path: string, { headers, signal }: Pick<HttpCall, 'headers' | 'signal'> = {}): Promise<Response> {
    const init = this.#init('GET', { headers: { accept: 'text/event-stream', ...headers } }, signal);
    let response: Response;
    try {
      response = await this.#fetch(this.url + pathBelow(path), init);
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#unreachable(error);
    }
    if (response.ok) return response;
    throw refusalOf(response.status, await response.text());
  }

  #backOffMs(retry: number): number {
    return Math.min(BACK_OFF_MS * 2 ** retry, BACK_OFF_MS_MAX) * (0.5 + this.clock.random() / 2);
  }

  #init(method: string, { body, headers }: HttpCall, signal: AbortSignal | undefined): RequestInit {
    const all = { ...headers } as Record<string, string>;
    if (this.apiKey !== undefined) all['authorization'] = `Bearer ${this.apiKey}`;
    if (body !== undefined) all['content-type'] = 'application/json';
    return {
      method,
      headers: all,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  async #withDeadline<T>(
    { signal, timeoutMs = TIMEOUT_MS }: HttpCall,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const abort = new AbortController();
    const timer = this.clock.after(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs} ms`)));
    const pass = (): void => abort.abort(signal?.reason);
    signal?.addEventListener('abort', pass, { once: true });
    try {
      return await run(abort.signal);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', pass);
    }
  }

  #unreachable(cause: unknown): ServerUnreachable {
    return new ServerUnreachable(`No server answers at ${this.url}: ${rootMessage(cause)}`, { cause });
  }
}

/** Addresses outside the API (`/metrics`) start with `//`. */
function pathBelow(path: string): string {
  return path.startsWith('//') ? path.slice(1) : `/api/v1${path}`;
}

function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return rootMessage(error.cause);
  // Node tries IPv4 and IPv6 and puts both failures into one error without a message.
  return error.message || ('code' in error ? String(error.code) : error.name);
}

/** What a refusal says, whoever it comes from: the server (problem+json) or something in front of it. */
function refusalOf(status: number, text: string): XQueueError {
  const problem = problemIn(text);
  const code = problem !== null && problem.code in API_ERRORS ? (problem.code as ApiErrorCode) : codeOf(status);
  const detail = problem?.detail ?? problem?.title ?? `The server answered ${status}: ${text.slice(0, 200)}`;
  return new XQueueError(code, detail, { faults: problem?.errors ?? [] });
}

interface ProblemText {
  readonly code: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly Fault[];
}

function problemIn(text: string): ProblemText | null {
  try {
    const value: unknown = JSON.parse(text);
    const isProblem = typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string';
    return isProblem ? (value as ProblemText) : null;
  } catch {
    return null;
  }
}

function codeOf(status: number): ApiErrorCode {
  const known = Object.entries(API_ERRORS).find(([, entry]) => entry.status === status);
  return known === undefined ? 'internal' : (known[0] as ApiErrorCode);
}

// One call of the public API. Knows whether the server can be reached, and the key if it wants one.
import type { Problem } from '../../../src/protocol/schemas/problem.ts';
import { Cell } from '../state/cell.ts';

export class ApiError extends Error {
  readonly status: number;
  /** A code of the catalogue, or `unreachable`. */
  readonly code: Problem['code'] | 'unreachable';
  readonly faults: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, code: ApiError['code'], message: string, faults: ApiError['faults'] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.faults = faults;
  }
}

/** `away`: no answer. `store`: it answers, but its store cannot be used. */
export const server = new Cell<'ok' | 'away' | 'store'>('ok');
/** The server wants a key, or another one. */
export const wantsKey = new Cell(false);

const KEY_NAME = 'xqueue.key';
const PROBE_MS = 1000;
/** A connection that hangs must not leave a page waiting for ever. */
const ANSWER_MS_MAX = 20_000;

export function apiKey(): string | null {
  return sessionStorage.getItem(KEY_NAME);
}

export function setApiKey(key: string): void {
  if (key === '') sessionStorage.removeItem(KEY_NAME);
  else sessionStorage.setItem(KEY_NAME, key);
  wantsKey.set(false);
}

export function authorization(): Record<string, string> {
  const key = apiKey();
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface CallOptions {
  /** JSON text. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** @param path below /api/v1 @throws ApiError; an abort throws what `fetch` does */
export async function call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { body, signal } = options;
  const headers = {
    ...authorization(),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  const until = signal === undefined ? late : AbortSignal.any([signal, late]);
  const request = { method, headers, signal: until, ...(body === undefined ? {} : { body }) };
  let answer: Answer;
  try {
    const response = await fetch(`/api/v1${path}`, request);
    answer = { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw error;
    lose('away');
    throw new ApiError(0, 'unreachable', 'The server does not answer');
  }
  if (answer.status < 400) {
    if (server.get() === 'away') server.set('ok');
    return answer;
  }
  throw errorOf(answer);
}

export async function callJson<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  return JSON.parse((await call(method, path, options)).text) as T;
}

function errorOf({ status, text }: Answer): ApiError {
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(text) as Partial<Problem>;
  } catch {
    // A proxy in between answers what it likes.
  }
  if (status === 401) wantsKey.set(true);
  if (problem.code === 'store_unavailable') lose('store');
  else if (status >= 502 && problem.code === undefined) lose('away');
  return new ApiError(
    status,
    problem.code ?? 'internal',
    problem.detail ?? `The server answered ${status}`,
    problem.errors ?? [],
  );
}

let isProbing = false;

/** From now on asks once a second whether it is back. */
function lose(what: 'away' | 'store'): void {
  server.set(what);
  if (isProbing) return;
  isProbing = true;
  const probe = async (): Promise<void> => {
    const status = await fetch('/api/v1/health', { headers: authorization() }).then(
      (response) => response.status,
      () => 0,
    );
    const isBack = status > 0 && status < 500;
    server.set(isBack ? 'ok' : status === 503 ? 'store' : 'away');
    if (isBack) isProbing = false;
    else setTimeout(() => void probe(), PROBE_MS);
  };
  setTimeout(() => void probe(), PROBE_MS);
}

// What a route answers, before it becomes bytes on a socket.
import { API_ERRORS, type ApiErrorCode, type Fault } from '../domain/errors.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from '../protocol/problem.ts';

export type Headers = Readonly<Record<string, string>>;

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Headers;
}

/** The route has taken the connection over and answers by itself. */
export const TAKEN_OVER = 'taken over';

const JSON_TYPE = 'application/json; charset=utf-8';
const RETRY_AFTER_SECONDS: Partial<Record<ApiErrorCode, string>> = {
  store_unavailable: '1',
  log_unavailable: '2',
  draining: '5',
};

/** @param body JSON text */
export function jsonAnswer(status: number, body: string, headers?: Headers): Answer {
  return headers === undefined ? { status, type: JSON_TYPE, body } : { status, type: JSON_TYPE, body, headers };
}

export function ok(value: object): Answer {
  return jsonAnswer(200, JSON.stringify(value));
}

/** A refusal with a code of the catalogue. @param detail what happened this time; never repeats secrets */
export function refusal(
  code: ApiErrorCode,
  options: { readonly detail?: string; readonly faults?: readonly Fault[]; readonly headers?: Headers } = {},
): Answer {
  const seconds = RETRY_AFTER_SECONDS[code];
  const retryAfter: Headers = seconds === undefined ? {} : { 'retry-after': seconds };
  return {
    status: API_ERRORS[code].status,
    type: PROBLEM_MEDIA_TYPE,
    body: JSON.stringify(problemOf(code, options.detail, options.faults)),
    headers: { ...retryAfter, ...options.headers },
  };
}

export function invalid(faults: readonly Fault[]): Answer {
  const detail = faults
    .map(({ path, message }) => `${path === '' ? 'The body' : path.slice(1)} ${message}`)
    .slice(0, 3);
  const more = faults.length > 3 ? `; and ${faults.length - 3} more` : '';
  return refusal('invalid_request', { detail: `${detail.join('; ')}${more}`, faults });
}

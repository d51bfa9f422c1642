// A refusal as the wire sees it. The closed catalogue of the domain gives code, status and title.
import { API_ERRORS, type ApiErrorCode, type Fault } from '../domain/errors.ts';
import type { Problem } from './schemas/problem.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** @param detail what happened this time; the title of the code when left out. */
export function problemOf(code: ApiErrorCode, detail?: string, faults: readonly Fault[] = []): Problem {
  const { status, title } = API_ERRORS[code];
  const problem = { type: `urn:xqueue:problem:${code}`, title, status, detail: detail ?? title, code };
  return faults.length === 0 ? problem : { ...problem, errors: [...faults] };
}

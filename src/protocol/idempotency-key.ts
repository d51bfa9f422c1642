// The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a quoted string by the draft, a bare word
// by the habit of most clients. Both name the same key.
import { LIMITS } from '../domain/limits.ts';
import { membersOf, withoutSpace } from './json-slices.ts';

const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
const BARE = /^[!#-+\--~]+$/;

export const IDEMPOTENCY_KEY_MUST = `must be 1 to ${LIMITS.idempotencyKeyLengthMax} visible ASCII characters`;

/** The key a header names; `null` when it is none. */
export function parseIdempotencyKey(header: string): string | null {
  const quoted = QUOTED.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
  const key = quoted ?? (BARE.test(header) ? header : '');
  return key.length >= 1 && key.length <= LIMITS.idempotencyKeyLengthMax ? key : null;
}

/**
 * The same text for bodies that mean the same submit: no white space, members sorted by name. Inside values nothing
 * is moved, because the order of a payload's members is part of it.
 * @param text valid JSON, an object
 */
export function canonicalBody(text: string): string {
  const members = membersOf(text).map(
    ({ name, start, end }) => `${JSON.stringify(name)}:${withoutSpace(text, start, end)}`,
  );
  return `{${members.sort().join(',')}}`;
}

// Reads what a program submits with the validator that checks HTTP bodies, so both ways in accept and refuse the same.
import { createHash } from 'node:crypto';
import { programPath, type SubmitOptions, wireSubmit } from '../contract/submit-options.ts';
import type { Fault } from '../domain/errors.ts';
import type { TaskRequest } from '../engine/engine.ts';
import { canonicalBody, IDEMPOTENCY_KEY_MUST, parseIdempotencyKey } from '../protocol/idempotency-key.ts';
import { parseSubmit } from '../protocol/submit.ts';

export interface Rules {
  readonly maxPayloadBytes: number;
}

/**
 * @param at how the task is called in faults: '' for a single one, `[3].` in a list
 * @returns the request, or everything that is wrong with it
 */
export function requestOf(
  type: string,
  payload: unknown,
  options: readonly SubmitOptions[],
  rules: Rules,
  at = '',
): { readonly request: TaskRequest } | { readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const { body, idempotencyKey } = wireSubmit(type, payload, options, at, faults);
  const parsed = parseSubmit(body, { maxPayloadBytes: rules.maxPayloadBytes });
  if (!parsed.ok) faults.push(...parsed.faults.map((fault) => ({ ...fault, path: at + programPath(fault.path) })));
  if (idempotencyKey !== undefined && !isIdempotencyKey(idempotencyKey)) {
    faults.push({ path: `${at}idempotencyKey`, message: IDEMPOTENCY_KEY_MUST });
  }
  if (!parsed.ok || faults.length > 0) return { faults };
  if (idempotencyKey === undefined) return { request: parsed.value };
  return { request: { ...parsed.value, idempotency: { key: idempotencyKey, fingerprint: fingerprint(body) } } };
}

function isIdempotencyKey(value: unknown): value is string {
  return typeof value === 'string' && parseIdempotencyKey(JSON.stringify(value)) === value;
}

function fingerprint(body: object): string {
  return createHash('sha256')
    .update(canonicalBody(JSON.stringify(body)))
    .digest('hex');
}

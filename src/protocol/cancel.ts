// Reads what comes with a cancel; the HTTP API and programs accept and refuse the same.
import { type CancelBody, CancelBody as CancelBodySchema } from './schemas/cancel.ts';
import { type Parsed, validatorOf } from './validate.ts';

const body = validatorOf(CancelBodySchema);

/** @param value what was given, in the shape of the wire; `undefined` = nothing was said */
export function parseCancel(value: unknown): Parsed<CancelBody> {
  if (value === undefined) return { ok: true, value: {} };
  return body.check(value) ? { ok: true, value } : { ok: false, faults: body.faults(value) };
}

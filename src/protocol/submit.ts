// Reads what a client submits: faults, all of them, or a request the engine takes. Knows nothing of HTTP; the SDK and
// the Kafka ingest use the same functions. The payload travels as text, exactly as it was given.
import type { Fault } from '../domain/errors.ts';
import { LIMITS } from '../domain/limits.ts';
import type { RetryStrategy } from '../domain/retry.ts';
import type { JsonText, TaskSpec } from '../domain/task.ts';
import { msOfSeconds } from './durations.ts';
import { isDeeperThan, type Member, membersOf } from './json-slices.ts';
import { type SubmitBody, SubmitBody as SubmitBodySchema, SubmitRecord } from './schemas/submit.ts';
import { TaskAnswer } from './schemas/task.ts';
import { parseTimestamp } from './timestamps.ts';
import { type Parsed, pointer, type Validator, validatorOf } from './validate.ts';

type AsGiven = 'payload' | 'priority' | 'maxRetry' | 'queueTimeoutMs' | 'processTimeoutMs' | 'tags';

/** A valid submit in the words of the domain; what was left out stays left out. Durations in ms. */
export interface SubmitRequest extends Pick<TaskSpec, 'type'>, Partial<Pick<TaskSpec, AsGiven | 'id'>> {
  readonly retryStrategy?: Partial<RetryStrategy>;
  /** At most one of the two. */
  readonly delayMs?: number;
  /** Unix ms. */
  readonly runAt?: number;
  readonly concurrencyKey?: string;
  readonly maxConcurrency?: number;
}

/** What a node writes down beside a submit when it accepts it. */
export interface AcceptedRequest extends SubmitRequest, Partial<Pick<TaskSpec, 'limits'>> {
  readonly parentId?: string;
  /** Unix ms. */
  readonly acceptedAt?: number;
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
}

export interface SubmitRules {
  /** Largest serialized payload in bytes of UTF-8; default 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** Only durable sources may bring the task's id along; default `refused`. */
  readonly id?: 'allowed' | 'refused';
  /** JSON pointer of the body inside a larger one, for the faults. */
  readonly path?: string;
}

const GIVEN_BY_SERVER = new Map(
  [...Object.keys(TaskAnswer.properties), 'attempts']
    .filter((name) => !Object.hasOwn(SubmitBodySchema.properties, name))
    .map((name) => [name, 'is set by the server and cannot be given']),
);
const body = validatorOf(SubmitBodySchema, { refused: GIVEN_BY_SERVER });
const bodyWithId = validatorOf(SubmitRecord, {
  refused: new Map([...GIVEN_BY_SERVER].filter(([name]) => !Object.hasOwn(SubmitRecord.properties, name))),
});

/** Reads a body that is a JavaScript value in the shape of the wire; its payload is any value JSON can express. */
export function parseSubmit(value: unknown, rules: SubmitRules = {}): Parsed<SubmitRequest> {
  const given = typeof value === 'object' && value !== null ? (value as { payload?: unknown }).payload : undefined;
  if (given === undefined) return checked(value, undefined, [], rules);
  const payload = jsonTextOf(given);
  return payload.ok
    ? checked(value, payload.value, [], rules)
    : checked(value, undefined, [{ path: `${rules.path ?? ''}/payload`, message: payload.reason }], rules);
}

/** Reads a body as it came over the wire. */
export function parseSubmitText(text: string, rules: SubmitRules = {}): Parsed<AcceptedRequest> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, faults: [{ path: rules.path ?? '', message: 'must be valid JSON' }] };
  }
  return parseSubmitValue(text, value, rules);
}

/** @param text valid JSON; @param value the same, parsed */
export function parseSubmitValue(text: string, value: unknown, rules: SubmitRules = {}): Parsed<AcceptedRequest> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return checked(value, undefined, [], rules);
  const path = rules.path ?? '';
  const members = membersOf(text);
  const faults = doubles(value, members, path);
  let payload: string | undefined;
  for (const member of members) {
    if (member.name === 'payload') payload = text.slice(member.start, member.end);
    else if (member.name === 'retry_strategy' && text.charAt(member.start) === '{') {
      const strategy = (value as { retry_strategy?: object }).retry_strategy ?? {};
      faults.push(...doubles(strategy, membersOf(text, member.start), `${path}/retry_strategy`));
    }
  }
  return checked(value, payload, faults, rules);
}

function validatorFor(rules: SubmitRules): Validator<SubmitRecord> {
  return rules.id === 'allowed' ? bodyWithId : body;
}

/** `found`: faults that the text has and the value no longer shows. */
function checked(
  value: unknown,
  payload: JsonText | undefined,
  found: readonly Fault[],
  rules: SubmitRules,
): Parsed<AcceptedRequest> {
  const path = rules.path ?? '';
  const validator = validatorFor(rules);
  const isValid = validator.check(value);
  const faults = isValid ? [...found] : [...found, ...validator.faults(value, path)];
  if (payload !== undefined) checkPayload(payload, rules.maxPayloadBytes ?? LIMITS.jsonBytesMax, path, faults);
  if (hasBoth(value, 'delay', 'run_at')) {
    faults.push({ path: `${path}/run_at`, message: 'cannot be given together with delay' });
  }
  return isValid && faults.length === 0 ? { ok: true, value: requestOf(value, payload) } : { ok: false, faults };
}

function checkPayload(payload: JsonText, maxBytes: number, path: string, faults: Fault[]): void {
  const bytes = utf8Length(payload, maxBytes);
  if (bytes > maxBytes) {
    faults.push({ path: `${path}/payload`, message: `must be at most ${maxBytes} bytes of JSON, not ${bytes}` });
  }
  if (isDeeperThan(payload, LIMITS.jsonDepthMax)) {
    faults.push({ path: `${path}/payload`, message: `must be nested at most ${LIMITS.jsonDepthMax} levels` });
  }
}

/** Exact when it matters: text of a third of the limit cannot be too long whatever it holds. */
function utf8Length(text: string, limit: number): number {
  return text.length * 3 <= limit ? text.length : new TextEncoder().encode(text).length;
}

/** `JSON.parse` keeps the last of two members with one name and forgets the other without a word. */
function doubles(value: object, members: readonly Member[], path: string): Fault[] {
  if (members.length === Object.keys(value).length) return [];
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of members) (seen.has(name) ? twice : seen).add(name);
  return [...twice].slice(0, 10).map((name) => ({ path: pointer(path, name), message: 'is given more than once' }));
}

function hasBoth(value: unknown, one: string, other: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const given = value as Readonly<Record<string, unknown>>;
  return given[one] !== undefined && given[other] !== undefined;
}

function jsonTextOf(value: unknown): { ok: true; value: JsonText } | { ok: false; reason: string } {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined
      ? { ok: false, reason: `must be a JSON value, not ${typeof value}` }
      : { ok: true, value: text };
  } catch (error) {
    // A cycle, a BigInt, a `toJSON` that throws, or nesting that JSON.stringify cannot follow.
    const [reason] = String(error instanceof Error ? error.message : error).split('\n', 1);
    return { ok: false, reason: `must be a JSON value: ${reason}` };
  }
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

function requestOf(given: SubmitRecord, payload: JsonText | undefined): AcceptedRequest {
  const request: Draft<AcceptedRequest> = { type: given.type };
  if (given.id !== undefined) request.id = given.id;
  if (payload !== undefined) request.payload = payload;
  // `+ 0` makes 0 of -0, which would read back as another number.
  if (given.priority !== undefined) request.priority = given.priority + 0;
  if (given.max_retry !== undefined) request.maxRetry = given.max_retry + 0;
  if (given.retry_strategy !== undefined) request.retryStrategy = strategyOf(given.retry_strategy);
  if (given.queue_timeout !== undefined) request.queueTimeoutMs = msOfSeconds(given.queue_timeout);
  if (given.process_timeout !== undefined) request.processTimeoutMs = msOfSeconds(given.process_timeout);
  if (given.delay !== undefined) request.delayMs = msOfSeconds(given.delay);
  if (given.run_at !== undefined) request.runAt = Math.max(0, parseTimestamp(given.run_at) ?? 0);
  if (given.concurrency_key !== undefined) request.concurrencyKey = given.concurrency_key;
  if (given.max_concurrency !== undefined) request.maxConcurrency = given.max_concurrency;
  if (given.tags !== undefined) request.tags = given.tags.length < 2 ? given.tags : [...new Set(given.tags)];
  if (given.accepted_at !== undefined) addAccepted(request, given, given.accepted_at);
  return request;
}

/** A node that accepted a task has decided its limits: none said means none. */
function addAccepted(request: Draft<AcceptedRequest>, given: SubmitRecord, acceptedAt: string): void {
  request.acceptedAt = Math.max(0, parseTimestamp(acceptedAt) ?? 0);
  request.limits = given.limits ?? [];
  if (given.parent_id !== undefined) request.parentId = given.parent_id;
  if (given.idempotency !== undefined) request.idempotency = given.idempotency;
}

function strategyOf(given: NonNullable<SubmitBody['retry_strategy']>): Partial<RetryStrategy> {
  const strategy: Draft<Partial<RetryStrategy>> = {};
  if (given.type !== undefined) strategy.type = given.type;
  if (given.delay !== undefined) strategy.delayMs = msOfSeconds(given.delay);
  if (given.factor !== undefined) strategy.factor = given.factor + 0;
  if (given.max_delay !== undefined) strategy.maxDelayMs = msOfSeconds(given.max_delay);
  if (given.jitter !== undefined) strategy.jitter = given.jitter + 0;
  return strategy;
}

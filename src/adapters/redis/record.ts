// A task's record as text and numbers: what a client asked for is packed here, what happened since is added by scripts.

import type { Limit } from '../../domain/concurrency.ts';
import type { TaskErrorCode } from '../../domain/errors.ts';
import { DEFAULT_RETRY, type RetryStrategy } from '../../domain/retry.ts';
import { type PendingReason, STATUSES, type Status, type Task, type TaskSpec } from '../../domain/task.ts';
import { Reader, Writer } from './bytes.ts';
import { FLAGS, NEW_RECORD } from './layout.ts';

/** Partition, offset and the tag of the topic: where the log has the task. Scripts look for it at the beginning of the text. */
export type RecordPlace = readonly [partition: number, offset: number, tag: number];

/** The rest of a specification, with what is usual left out: most tasks have none of it. */
interface SpecRest {
  readonly s?: RetryStrategy;
  readonly k?: string;
  readonly m?: number;
  readonly t?: readonly string[];
  readonly p?: string;
}

/** Packs what a client asked for: the record from `priority` on. @param payload empty when it is kept apart */
export function packSpec(into: Writer, spec: TaskSpec, payload: string, place: RecordPlace | null): void {
  packFront(into, spec, payload, place);
  // code, error, progress, result
  into.zeros(1 + 2 + 4 + 4);
}

/** The same of a task that has a past. Long values are empty, they are kept apart. */
export function packSpecWithTail(
  into: Writer,
  spec: TaskSpec,
  payload: string,
  tail: Readonly<Record<'code' | 'error' | 'progress' | 'result', string>>,
): void {
  packFront(into, spec, payload, null);
  into.text(tail.code, 1).text(tail.error, 2).text(tail.progress, 4).text(tail.result, 4);
}

function packFront(into: Writer, spec: TaskSpec, payload: string, place: RecordPlace | null): void {
  into.int32(spec.priority).uint(spec.queueTimeoutMs, 6).uint(spec.processTimeoutMs, 6).uint(spec.maxRetry, 2);
  into.text(withPlace(specRest(spec), place), 2).text(payload, 4);
}

export function packLimits(limits: readonly Limit[]): Buffer {
  const packed = new Writer(64);
  for (const { key, max } of limits) packed.text(key, 2).uint(max, 4);
  return packed.done();
}

/** Names under which the task can be listed besides status and type, each once. */
export function packFacets({ tags, concurrencyKey, parentId }: TaskSpec): Buffer {
  const packed = new Writer(64);
  for (const tag of new Set(tags)) packed.text(tagFacet(tag), 2);
  if (concurrencyKey !== null) packed.text(keyFacet(concurrencyKey), 2);
  if (parentId !== null) packed.text(parentFacet(parentId), 2);
  return packed.done();
}

export const tagFacet = (tag: string): string => `g${tag}`;
export const keyFacet = (key: string): string => `k${key}`;
export const parentFacet = (parentId: string): string => `p${parentId}`;

export function hasFacets({ tags, concurrencyKey, parentId }: TaskSpec): boolean {
  return tags.length > 0 || concurrencyKey !== null || parentId !== null;
}

/** Whether they can be listed under the same names. */
export function haveSameFacets(some: TaskSpec, other: TaskSpec): boolean {
  if (some.concurrencyKey !== other.concurrencyKey || some.parentId !== other.parentId) return false;
  return some.tags.length === other.tags.length && some.tags.every((tag, at) => tag === other.tags[at]);
}

function specRest(spec: TaskSpec): string {
  const { retryStrategy, concurrencyKey, maxConcurrency, tags, parentId } = spec;
  const isUsual =
    retryStrategy === DEFAULT_RETRY ||
    (retryStrategy.type === DEFAULT_RETRY.type &&
      retryStrategy.delayMs === DEFAULT_RETRY.delayMs &&
      retryStrategy.factor === DEFAULT_RETRY.factor &&
      retryStrategy.maxDelayMs === DEFAULT_RETRY.maxDelayMs &&
      retryStrategy.jitter === DEFAULT_RETRY.jitter);
  if (isUsual && maxConcurrency === null && !hasFacets(spec)) return '';
  const rest: SpecRest = {
    ...(isUsual ? {} : { s: retryStrategy }),
    ...(concurrencyKey === null ? {} : { k: concurrencyKey }),
    ...(maxConcurrency === null ? {} : { m: maxConcurrency }),
    ...(tags.length === 0 ? {} : { t: tags }),
    ...(parentId === null ? {} : { p: parentId }),
  };
  return JSON.stringify(rest);
}

function withPlace(rest: string, place: RecordPlace | null): string {
  if (place === null) return rest;
  return `{"o":[${place.join(',')}]${rest === '' ? '}' : `,${rest.slice(1)}`}`;
}

/** The same text for tasks that differ only in their place. */
function withoutPlace(rest: string): string {
  if (!rest.startsWith('{"o":')) return rest;
  const end = rest.indexOf(']') + 1;
  return rest.length === end + 1 ? '' : `{${rest.slice(end + 1)}`;
}

/** A record in numbers and texts. */
export interface TaskRecord {
  readonly task: Task;
  readonly token: number;
  readonly seq: number;
  readonly flags: number;
  /** Type, limits and facets as they stand in the record. */
  readonly group: Buffer;
}

/** What the first attempt of a task adds to its record: see firsts.lua. */
export interface FirstAttempt {
  readonly token: number;
  readonly startedAt: number;
  /** When it succeeded; 0: it runs. */
  readonly completedAt: number;
  readonly worker: string;
}

/** @param entry of `firsts`; see `FIRST_FIELDS` */
export function readFirstAttempt(entry: Buffer, worker: string): FirstAttempt {
  const from = new Reader(entry);
  from.skip(1 + 1);
  const token = from.token();
  const startedAt = from.uint(6);
  return { token, startedAt, completedAt: from.uint(6), worker };
}

/** Values that lie in keys of their own. */
export interface Apart {
  payload?: string;
  progress?: string;
  result?: string;
}

const NOTHING_APART: Apart = {};

/** What attempts change in a task. */
interface Changing {
  readonly status: Status;
  readonly flags: number;
  readonly version: number;
  readonly retry: number;
  readonly token: number;
  /** 0: not since it was created */
  readonly updatedAt: number;
  readonly completedAt: number;
  readonly attempt: number;
  readonly startedAt: number;
  readonly recoveries: number;
  readonly runAt: number;
  readonly workerId: string;
}

function readChanging(from: Reader): Changing {
  const status = STATUSES[from.uint(1)] ?? 'failed';
  const flags = from.uint(1);
  const version = from.uint(4);
  const retry = from.uint(2);
  const token = from.token();
  const updatedAt = from.uint(6);
  from.skip(7);
  const completedAt = from.uint(6);
  const attempt = from.uint(4);
  const startedAt = from.uint(6);
  const recoveries = from.uint(2);
  const runAt = from.uint(6);
  const workerId = from.text(2);
  const since = { token, updatedAt, completedAt, attempt, startedAt, recoveries, runAt, workerId };
  return { status, flags, version, retry, ...since };
}

const FIRST_STEPS = ['pending', 'processing', 'success'] as const;

function readNew(from: Reader, first: FirstAttempt | undefined): Changing {
  from.skip(1);
  const flags = from.uint(1);
  const runAt = from.uint(6);
  const { token = 0, startedAt = 0, completedAt = 0, worker = '' } = first ?? {};
  const steps = first === undefined ? 0 : completedAt === 0 ? 1 : 2;
  return {
    status: FIRST_STEPS[steps],
    flags,
    version: 1 + steps,
    retry: 0,
    token: steps === 1 ? token : 0,
    updatedAt: Math.max(startedAt, completedAt),
    completedAt,
    attempt: steps === 0 ? 0 : 1,
    startedAt,
    recoveries: 0,
    runAt,
    workerId: worker,
  };
}

/** Reads a record. `id` is not in it: the key is. @param first ignored for tasks of which the record says more */
export function readRecord(
  bytes: Buffer,
  id: string,
  reason: PendingReason | null,
  apart: Apart = NOTHING_APART,
  first?: FirstAttempt,
): TaskRecord {
  const from = new Reader(bytes);
  const changing = bytes[0] === NEW_RECORD ? readNew(from, first) : readChanging(from);
  const {
    status,
    flags,
    version,
    retry,
    token,
    updatedAt,
    completedAt,
    attempt,
    startedAt,
    recoveries,
    runAt,
    workerId,
  } = changing;
  const seq = from.uint(6);
  const groupAt = from.at;
  const type = from.text(1);
  const limits = readLimits(from.slice(2));
  from.skip(from.uint(2));
  const group = bytes.subarray(groupAt, from.at);
  const createdAt = from.uint(6);
  const priority = from.int32();
  const queueTimeoutMs = from.uint(6);
  const processTimeoutMs = from.uint(6);
  const maxRetry = from.uint(2);
  const restText = withoutPlace(from.text(2));
  const rest = restOf(restText);
  const payload = from.text(4);
  const errorCode = from.text(1);
  const error = from.text(2);
  const progress = apart.progress ?? from.text(4);
  if (apart.progress !== undefined) from.skip(4);
  const result = apart.result ?? from.text(4);
  const task: Task = {
    id,
    type,
    payload: apart.payload ?? payload,
    priority,
    maxRetry,
    retryStrategy: rest.s ?? DEFAULT_RETRY,
    queueTimeoutMs,
    processTimeoutMs,
    concurrencyKey: rest.k ?? null,
    maxConcurrency: rest.m ?? null,
    limits,
    tags: rest.t ?? [],
    parentId: rest.p ?? null,
    status,
    pendingReason: reason,
    retry,
    recoveries,
    attempt,
    progress: progress === '' ? null : progress,
    result: result === '' ? null : result,
    error: errorCode === '' ? null : error,
    errorCode: errorCode === '' ? null : (errorCode as TaskErrorCode),
    workerId: workerId === '' ? null : workerId,
    cancelRequested: (flags & FLAGS.cancelRequested) !== 0,
    version,
    createdAt,
    updatedAt: updatedAt === 0 ? createdAt : updatedAt,
    startedAt: startedAt === 0 ? null : startedAt,
    completedAt: completedAt === 0 ? null : completedAt,
    runAt,
  };
  return { task, token, seq, flags, group };
}

const NO_REST: SpecRest = {};
const NO_LIMITS: readonly Limit[] = [];

// Tasks that are read together are mostly of one kind: what was read last is likely to come again.
let lastRest = { text: '', rest: NO_REST };
let lastLimits = { bytes: Buffer.alloc(0), limits: NO_LIMITS };

function restOf(text: string): SpecRest {
  if (text === '') return NO_REST;
  if (text !== lastRest.text) lastRest = { text, rest: JSON.parse(text) as SpecRest };
  return lastRest.rest;
}

function readLimits(bytes: Buffer): readonly Limit[] {
  if (bytes.length === 0) return NO_LIMITS;
  if (!lastLimits.bytes.equals(bytes)) lastLimits = { bytes: Buffer.from(bytes), limits: unpackLimits(bytes) };
  return lastLimits.limits;
}

function unpackLimits(bytes: Buffer): Limit[] {
  const limits: Limit[] = [];
  for (const from = new Reader(bytes); !from.isAtEnd; ) limits.push({ key: from.text(2), max: from.uint(4) });
  return limits;
}

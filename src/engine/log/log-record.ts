// What a record of the topic of accepted tasks asks for. Ingest and rebuild read records by this one function, so that both
// come to the same task: same id, same due time, whoever reads it and how often.
import { createHash } from 'node:crypto';
import type { ConcurrencyStrategy } from '../../domain/concurrency.ts';
import { type Fault, XQueueError } from '../../domain/errors.ts';
import type { LogRecord } from '../../ports/task-log.ts';
import type { Submission } from '../../ports/task-store.ts';
import type { TaskRequest } from '../engine.ts';
import { type SubmissionDefaults, submissionOf } from '../submission.ts';

/** A request as the log has it. Unix ms. */
export interface LoggedRequest extends TaskRequest {
  /** When a node accepted it; left out: another program produced it. */
  readonly acceptedAt?: number;
}

/** `accepted`: a node wrote the record, so that its task was validated then. `foreign`: another program did. */
export type RecordOrigin = 'accepted' | 'foreign';

export interface RecordRules {
  /** Name of the topic: part of the ids of tasks that bring none. */
  readonly topic: string;
  readonly originOf: (record: LogRecord) => RecordOrigin;
  readonly parse: (
    text: string,
    origin: RecordOrigin,
  ) => { readonly ok: true; readonly value: LoggedRequest } | { readonly ok: false; readonly faults: readonly Fault[] };
  readonly defaults: SubmissionDefaults;
  readonly strategies: readonly ConcurrencyStrategy[];
}

export type ReadRecord =
  | { readonly ok: true; readonly submission: Submission; readonly acceptedAt: number }
  /** One line that says why this is no task. */
  | { readonly ok: false; readonly reason: string };

/** `fatal`: bytes that are no UTF-8 must not be stored as something that looks like text. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function readRecord(record: LogRecord, rules: RecordRules): ReadRecord {
  const text = textOf(record.value);
  if (text === null) return { ok: false, reason: record.value === null ? 'It has no value' : 'It is not UTF-8' };
  const parsed = rules.parse(text, rules.originOf(record));
  if (!parsed.ok) return { ok: false, reason: reasonOf(parsed.faults) };
  const request = parsed.value;
  const acceptedAt = request.acceptedAt ?? Math.max(0, record.timestampMs);
  try {
    const id = request.id ?? idOfRecord(rules.topic, record);
    const submission = submissionOf(dueOf(request, acceptedAt), id, rules.defaults, rules.strategies);
    return { ok: true, submission, acceptedAt };
  } catch (error) {
    if (error instanceof XQueueError) return { ok: false, reason: error.message };
    throw error;
  }
}

function textOf(value: Uint8Array | null): string | null {
  if (value === null) return null;
  try {
    return utf8.decode(value);
  } catch {
    return null;
  }
}

function reasonOf(faults: readonly Fault[]): string {
  const shown = faults.slice(0, 5).map(({ path, message }) => (path === '' ? message : `${path} ${message}`));
  return shown.join('; ') + (faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '');
}

/** A delay counts from when the task was accepted, not from when somebody got round to reading it. */
function dueOf(request: LoggedRequest, acceptedAt: number): TaskRequest {
  const { delayMs, ...rest } = request;
  // A producer may leave the time out (0 here): then nobody knows better than whoever reads it first.
  if (delayMs === undefined || delayMs === 0 || acceptedAt === 0) return request;
  return { ...rest, runAt: acceptedAt + delayMs };
}

/**
 * The id of a task whose producer named none: a UUIDv7 made of the record's time and place, so that reading the record twice
 * makes one task. The time tells records of a topic that was deleted and made anew apart.
 */
export function idOfRecord(topic: string, { partition, offset, timestampMs }: LogRecord): string {
  const hash = createHash('sha256').update(`${topic}\n${partition}\n${offset}\n${timestampMs}`).digest('hex');
  const ms = Math.max(0, Math.min(timestampMs, 2 ** 48 - 1));
  const time = Math.floor(ms).toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(hash.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`;
}

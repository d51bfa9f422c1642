// The small schemas that others are made of. Each says in words what a value must be (`x-must` where the keywords
// alone would read like a riddle); the same words go into the fault list and the API description.
import { type TSchema, Type } from 'typebox';
import { LIMITS, TYPE_PATTERN } from '../../domain/limits.ts';
import { STATUSES } from '../../domain/task.ts';
import { parseTimestamp } from '../timestamps.ts';

/** No control characters: they do not survive every log line and topic. Written so that every language's regex reads it. */
const PLAIN_TEXT = String.raw`^[^\x00-\x1f\x7f]*$`;

/** Nor does half of a surrogate pair: stores keep UTF-8, which has no way to write it. */
function WholeText<S extends TSchema>(schema: S) {
  return Type.Refine(schema, (text) => typeof text === 'string' && text.isWellFormed());
}

export const UUID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

export const TaskId = Type.String({
  pattern: UUID_PATTERN,
  description: 'UUIDv7, lower case',
  examples: ['019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17'],
  'x-must': 'a UUID in lower-case hex',
});

export const TaskType = Type.String({
  pattern: TYPE_PATTERN,
  description: 'Names the handler that can run the task',
  examples: ['send_email'],
  'x-must': '1 to 128 characters of A-Z a-z 0-9 . _ : - that start with a letter or digit',
});

export const ConcurrencyKey = WholeText(
  Type.String({
    minLength: 1,
    maxLength: LIMITS.keyLengthMax,
    pattern: PLAIN_TEXT,
    description: 'Name of a business dimension, for example `user_123`',
    'x-must': `1 to ${LIMITS.keyLengthMax} characters without control characters`,
  }),
);

/** A short text that a person may write, in one line. */
export function PlainText(lengthMax: number, description: string) {
  return WholeText(
    Type.String({
      minLength: 1,
      maxLength: lengthMax,
      pattern: PLAIN_TEXT,
      description,
      'x-must': `1 to ${lengthMax} characters without control characters`,
    }),
  );
}

export const Tag = WholeText(
  Type.String({
    minLength: 1,
    maxLength: LIMITS.tagLengthMax,
    pattern: PLAIN_TEXT,
    'x-must': `1 to ${LIMITS.tagLengthMax} characters without control characters`,
  }),
);

export const StatusName = Type.Enum(STATUSES, { type: 'string' });

/** A duration a client may give. */
export function Seconds(description: string, range: { readonly max?: number; readonly default?: number } = {}) {
  const { max = LIMITS.durationSecondsMax, ...rest } = range;
  return Type.Number({ minimum: 0, maximum: max, description: `${description}, in seconds`, ...rest });
}

/** An instant a client may give. */
export function GivenInstant(description: string) {
  return Type.Refine(
    Type.String({
      format: 'date-time',
      description: `${description} (RFC 3339)`,
      examples: ['2026-11-22T18:30:00.000Z'],
      'x-must': 'an RFC 3339 date and time with an offset, for example 2026-11-22T18:30:00Z',
    }),
    (text: string) => parseTimestamp(text) !== null,
  );
}

/** An instant the server gives. */
export function Instant(description: string) {
  return Type.String({ format: 'date-time', description });
}

export function Count(description: string) {
  return Type.Integer({ minimum: 0, description });
}

export function Nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

/** A closed object: members that are not listed are faults. */
export const CLOSED = { additionalProperties: false } as const;

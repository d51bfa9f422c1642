// How a task lies in Redis: one binary string, numbers first. The scripts and the decoder both follow this one table,
// so that neither knows an offset by heart. Numbers are big-endian; `c0` is text with its length in front.

/** Status numbers, in the order of `STATUSES` of the domain. */
export const STATUS_NUMBERS = { pending: 0, processing: 1, success: 2, failed: 3, canceled: 4, timeout: 5 } as const;

/** Bits of `flags`. What is too large for the record lies in a key of its own. */
export const FLAGS = {
  cancelRequested: 1,
  payloadApart: 2,
  progressApart: 4,
  resultApart: 8,
  /** There is a list of ended attempts. */
  hasAttempts: 16,
  /** A forced settlement once left slots with a handler that still ran. */
  hasDrained: 32,
  /** Some field behind the payload is not empty. */
  hasTail: 64,
  /** There is a list of lines its handlers said. */
  hasLines: 128,
} as const;

/** Values longer than this (bytes) are kept apart, so that a change of state does not rewrite them. */
export const APART_BYTES_MIN = 1024;

/**
 * Name and struct format of each field, in the order of what changes together: with every step (the first four also go into
 * the event), with each attempt, never; and the tail, which most tasks leave empty.
 */
export const RECORD_FIELDS = [
  ['status', 'B'],
  ['flags', 'B'],
  ['version', 'I4'],
  ['retry', 'I2'],
  ['token', 'I7'],
  ['updatedAt', 'I6'],
  ['settledToken', 'I7'],
  ['completedAt', 'I6'],

  ['attempt', 'I4'],
  ['startedAt', 'I6'],
  ['recoveries', 'I2'],
  ['dueAt', 'I6'],
  ['worker', 'I2c0'],

  ['seq', 'I6'],
  ['type', 'Bc0'],
  ['limits', 'I2c0'],
  ['facets', 'I2c0'],
  ['createdAt', 'I6'],
  ['priority', 'i4'],
  ['queueTimeoutMs', 'I6'],
  ['processTimeoutMs', 'I6'],
  ['maxRetry', 'I2'],
  ['spec', 'I2c0'],
  ['payload', 'I4c0'],

  ['code', 'Bc0'],
  ['error', 'I2c0'],
  ['progress', 'I4c0'],
  ['result', 'I4c0'],
] as const;

/**
 * A task that nothing has happened to has this byte in front, its flags and when it is due, instead of all that attempts change: it
 * was made when it was created, and is pending.
 */
export const NEW_RECORD = 255;
export const NEW_FIELDS = [
  ['mark', 'B'],
  ['flags', 'B'],
  ['dueAt', 'I6'],
] as const;

/** Where the groups end, counted in fields. */
export const RECORD_GROUPS = { event: 4, step: 8, attempt: 13, lane: 17, front: 22, body: 24 } as const;

/**
 * What the first attempt adds to a task that does what most tasks do: it is claimed once and succeeds. Its record is not written
 * anew for that; pieces of these entries lie in an array (see firsts.lua). `state` is 0 nothing, 1 running, 2 success; `worker` the
 * place of its name in the list of the piece.
 */
export const FIRST_FIELDS = [
  ['state', 'B'],
  ['flags', 'B'],
  ['token', 'I7'],
  ['startedAt', 'I6'],
  ['completedAt', 'I6'],
  ['worker', 'I2'],
] as const;

/** What a script keeps with an unpacked record, in front of its fields. */
export const RECORD_NOTES = ['id', 'raw', 'touched', 'endsAt'] as const;

/** The shard's own numbers, all doubles. */
export const STATE_FIELDS = [
  'seq',
  'token',
  'high',
  'lastCall',
  'purged',
  'announced',
  'outboxHeard',
  'types',
  'layout',
] as const;

/**
 * To be raised with every change of what is kept in Redis and how: nodes of another number are refused at their start. 2: first
 * attempts apart (ADR 0016), lanes of spans (ADR 0018).
 */
export const LAYOUT = 2;

/** Tasks per piece of the arrays by acceptance number (ids, states, types, deadlines) and of the indexes by facet. Small
 * sets of whole numbers are stored as arrays by Redis up to 512 members. */
export const CHUNK_TASKS = 500;

/**
 * One byte per task: its status, 0 = no task. Pending tasks that were due when they came and are ready have a code of
 * their own: they wait in the order of their numbers.
 */
export const STATE_CODES = {
  fresh: 1,
  processing: 2,
  success: 3,
  failed: 4,
  canceled: 5,
  timeout: 6,
  waiting: 7,
} as const;
/** Bytes of a type's number in the array of types. */
export const TYPE_BYTES = 4;

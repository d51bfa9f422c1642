// Every bound of the product in one place. The wire schemas, the SDK and the tests read them from here.

/** 2^31-1 ms is the longest timer Node accepts; a longer one would fire at once. */
export const TIMER_MS_MAX = 2_147_483_647;

export const LIMITS = {
  /** Serialized payload, result or progress, in bytes of UTF-8. */
  jsonBytesMax: 1024 * 1024,
  /** Nesting of arrays and objects in a payload. `JSON.parse` accepts depths `JSON.stringify` cannot write. */
  jsonDepthMax: 64,
  priorityMin: -1_000_000,
  priorityMax: 1_000_000,
  maxRetryMax: 1000,
  typeLengthMax: 128,
  keyLengthMax: 256,
  nodeIdLengthMax: 256,
  tagsMax: 16,
  tagLengthMax: 64,
  /** One hundred years: longer than any wait that is meant, short enough that every sum stays exact. */
  durationSecondsMax: 3_155_760_000,
  maxConcurrencyMax: 1_000_000,
  batchMax: 1000,
  listLimitMax: 1000,
  /** Stored error message, in bytes of UTF-8. */
  errorBytesMax: 8 * 1024,
  /** Why a task is canceled, in characters. */
  cancelReasonLengthMax: 500,
  attemptsKept: 50,
  /** Of each task: the last lines its handler said, and no more bytes than this of them. */
  logLinesKept: 200,
  logBytesKept: 64 * 1024,
  /** Message, and fields, of one line. */
  logLineBytesMax: 8 * 1024,
  bodyBytesMax: 2 * 1024 * 1024,
  idempotencyKeyLengthMax: 255,
  idempotencyMs: 24 * 60 * 60 * 1000,
  waitSecondsMax: 60,
} as const;

export const TYPE_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';

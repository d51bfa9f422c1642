// What a client sends to have work done.
import { type Static, Type } from 'typebox';
import { LIMITS } from '../../domain/limits.ts';
import { DEFAULT_RETRY, RETRY_TYPES } from '../../domain/retry.ts';
import { secondsOfMs } from '../durations.ts';
import { CLOSED, ConcurrencyKey, GivenInstant, Seconds, Tag, TaskId, TaskType } from './fields.ts';

export const RETRY_FACTOR_MAX = 1000;

export const RetryStrategyInput = Type.Object(
  {
    type: Type.Optional(Type.Enum(RETRY_TYPES, { type: 'string', default: DEFAULT_RETRY.type })),
    delay: Type.Optional(Seconds('Wait before the first retry', { default: secondsOfMs(DEFAULT_RETRY.delayMs) })),
    factor: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: RETRY_FACTOR_MAX,
        default: DEFAULT_RETRY.factor,
        description: 'Growth per retry: multiplies for `exponential`, adds `delay * factor` for `linear`',
      }),
    ),
    max_delay: Type.Optional(Seconds('Longest wait', { default: secondsOfMs(DEFAULT_RETRY.maxDelayMs) })),
    jitter: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: DEFAULT_RETRY.jitter,
        description: 'Each wait is changed by at most this share, up or down',
      }),
    ),
  },
  { ...CLOSED, $id: 'RetryStrategyInput', description: 'When a failed attempt is tried again' },
);

const submitMembers = {
  type: TaskType,
  payload: Type.Optional(
    Type.Unknown({
      description: `Any JSON value, nested at most ${LIMITS.jsonDepthMax} levels; answered exactly as it was given`,
      default: {},
    }),
  ),
  priority: Type.Optional(
    Type.Integer({
      minimum: LIMITS.priorityMin,
      maximum: LIMITS.priorityMax,
      default: 0,
      description: 'Larger runs first; first in, first out among equals',
    }),
  ),
  max_retry: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.maxRetryMax,
      description: 'How many times a failed attempt is tried again; default `queue.default_retry`',
    }),
  ),
  retry_strategy: Type.Optional(RetryStrategyInput),
  queue_timeout: Type.Optional(
    Seconds('Longest wait in `pending`; 0 = no limit; default `queue.default_timeout`. A duration'),
  ),
  process_timeout: Type.Optional(
    Seconds('Longest run of one attempt; 0 = no limit; default `queue.default_timeout`. A duration'),
  ),
  delay: Type.Optional(Seconds('Not before this long after acceptance; not together with `run_at`. A duration')),
  run_at: Type.Optional(GivenInstant('Not before this instant; one in the past is now; not together with `delay`')),
  concurrency_key: Type.Optional(ConcurrencyKey),
  max_concurrency: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMITS.maxConcurrencyMax,
      description: 'At most this many tasks of the key (without a key: of the type) run at once in the whole cluster',
    }),
  ),
  tags: Type.Optional(Type.Array(Tag, { maxItems: LIMITS.tagsMax, description: 'Labels; doubles are dropped' })),
};

export const SubmitBody = Type.Object(submitMembers, {
  ...CLOSED,
  $id: 'Submit',
  description: 'A task as a client asks for it',
  examples: [{ type: 'example', payload: { message: 'hello', duration: 2 }, priority: 5, max_retry: 3 }],
});
export type SubmitBody = Static<typeof SubmitBody>;

/**
 * As `SubmitBody`, for durable sources that may bring the id of the task along. The last members are written by nodes, which
 * have decided already what a plain submit leaves open.
 */
export const SubmitRecord = Type.Object(
  {
    id: Type.Optional(TaskId),
    ...submitMembers,
    accepted_at: Type.Optional(GivenInstant('When a node accepted the task; `delay` counts from here')),
    limits: Type.Optional(
      Type.Array(
        Type.Object(
          { key: ConcurrencyKey, max: Type.Integer({ minimum: 1, maximum: LIMITS.maxConcurrencyMax }) },
          CLOSED,
        ),
        { description: 'All limits of the task; only together with `accepted_at`' },
      ),
    ),
    parent_id: Type.Optional(TaskId),
    idempotency: Type.Optional(
      Type.Object({ key: Type.String({ minLength: 1 }), fingerprint: Type.String({ minLength: 1 }) }, CLOSED),
    ),
  },
  CLOSED,
);
export type SubmitRecord = Static<typeof SubmitRecord>;

/** Only the frame; each task is checked on its own, so that one bad task does not refuse the others. */
export const BatchFrame = Type.Object(
  { tasks: Type.Array(Type.Unknown(), { minItems: 1, maxItems: LIMITS.batchMax }) },
  CLOSED,
);

export const BatchBody = Type.Object(
  { tasks: Type.Array(SubmitBody, { minItems: 1, maxItems: LIMITS.batchMax }) },
  { ...CLOSED, $id: 'Batch' },
);

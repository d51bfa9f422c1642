// What the server answers about tasks.
import { type Static, Type } from 'typebox';
import { TASK_ERROR_CODES, type TaskErrorCode } from '../../domain/errors.ts';
import { RETRY_TYPES } from '../../domain/retry.ts';
import { type AttemptOutcome, PENDING_REASONS } from '../../domain/task.ts';
import { CLOSED, Count, Instant, Nullable, StatusName, TaskId } from './fields.ts';
import { Problem } from './problem.ts';

const ErrorCode = Type.Enum(Object.keys(TASK_ERROR_CODES) as TaskErrorCode[], { type: 'string' });

const ATTEMPT_OUTCOMES = [
  'success',
  'failed',
  'timeout',
  'canceled',
  'lost',
  'released',
] as const satisfies readonly AttemptOutcome[];

export const AttemptAnswer = Type.Object(
  {
    attempt: Type.Integer({ minimum: 1, description: '1, 2, 3 ... without gaps' }),
    worker_id: Type.String(),
    started_at: Instant('When it was claimed'),
    ended_at: Nullable(Instant('null while it runs')),
    outcome: Nullable(Type.Enum(ATTEMPT_OUTCOMES, { type: 'string' })),
    error: Nullable(Type.String()),
    error_code: Nullable(ErrorCode),
  },
  { ...CLOSED, $id: 'Attempt' },
);

const RetryStrategyAnswer = Type.Object(
  {
    type: Type.Enum(RETRY_TYPES, { type: 'string' }),
    delay: Type.Number({ minimum: 0 }),
    factor: Type.Number({ minimum: 0 }),
    max_delay: Type.Number({ minimum: 0 }),
    jitter: Type.Number({ minimum: 0, maximum: 1 }),
  },
  { ...CLOSED, $id: 'RetryStrategy', description: 'Durations in seconds' },
);

const taskMembers = {
  id: TaskId,
  type: Type.String(),
  status: StatusName,
  pending_reason: Nullable(Type.Enum(PENDING_REASONS, { type: 'string' })),
  payload: Type.Unknown({ description: 'Exactly as it was given' }),
  priority: Type.Integer(),
  max_retry: Type.Integer({ minimum: 0 }),
  retry: Count('Retries used so far'),
  retry_strategy: RetryStrategyAnswer,
  queue_timeout: Type.Number({ minimum: 0, description: 'Seconds; 0 = no limit' }),
  process_timeout: Type.Number({ minimum: 0, description: 'Seconds; 0 = no limit' }),
  concurrency_key: Nullable(Type.String()),
  max_concurrency: Nullable(Type.Integer({ minimum: 1 })),
  tags: Type.Array(Type.String()),
  parent_id: Nullable(Type.String({ description: 'Task whose handler submitted it; it may be forgotten already' })),
  progress: Type.Unknown({ description: 'Last reported progress; null before the first report' }),
  result: Type.Unknown({ description: 'What the handler returned; null until then' }),
  error: Nullable(Type.String()),
  error_code: Nullable(ErrorCode),
  worker_id: Nullable(Type.String({ description: 'Node that runs or last ran it' })),
  cancel_requested: Type.Boolean(),
  version: Type.Integer({ minimum: 1, description: '+1 with each change; orders everything that is pushed' }),
  created_at: Instant('When it was accepted'),
  updated_at: Instant('When it last changed'),
  started_at: Nullable(Instant('Start of the last attempt')),
  completed_at: Nullable(Instant('When it became final')),
  run_at: Instant('When it is or was last due'),
};

export const TaskAnswer = Type.Object(taskMembers, { ...CLOSED, $id: 'Task' });
export type TaskAnswer = Static<typeof TaskAnswer>;

export const TaskDetailAnswer = Type.Object(
  { ...taskMembers, attempts: Type.Array(AttemptAnswer, { description: 'Newest last, at most the last 50' }) },
  { ...CLOSED, $id: 'TaskDetail' },
);
export type TaskDetailAnswer = Static<typeof TaskDetailAnswer>;

export const TaskPageAnswer = Type.Object(
  {
    tasks: Type.Array(TaskAnswer),
    count: Count('Length of this page'),
    total: Count('All that match'),
    limit: Type.Integer({ minimum: 1 }),
    offset: Type.Integer({ minimum: 0 }),
  },
  { ...CLOSED, $id: 'TaskPage' },
);
export type TaskPageAnswer = Static<typeof TaskPageAnswer>;

export const BatchAnswer = Type.Object(
  {
    results: Type.Array(
      Type.Union([
        Type.Object({ status: Type.Enum([200, 201, 202], { type: 'integer' }), task: TaskAnswer }, CLOSED),
        Type.Object({ status: Type.Enum([400, 422], { type: 'integer' }), error: Problem }, CLOSED),
      ]),
      {
        description:
          'In the order of the request; 200: an earlier call with the same Idempotency-Key accepted it; 202: safe in Kafka, and shown when the store is back',
      },
    ),
    accepted: Count('How many are in the queue now'),
    rejected: Count('How many are not'),
  },
  { ...CLOSED, $id: 'BatchAnswer' },
);
export type BatchAnswer = Static<typeof BatchAnswer>;

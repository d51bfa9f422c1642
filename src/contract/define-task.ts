// A task's contract: its type, what goes in, what comes out, and how it wants to be run. It holds no handler and imports
// nothing of Node, so a web route, a browser and a worker can share one file of contracts.
import { XQueueError } from '../domain/errors.ts';
import { TYPE_PATTERN } from '../domain/limits.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.ts';
import type { Duration, RetryOptions, SubmitOptions } from './submit-options.ts';
import type { TaskHandle } from './task-handle.ts';

export interface TaskDefinition<
  Input extends StandardSchema,
  Output extends StandardSchema,
  Progress extends StandardSchema,
> {
  readonly type: string;
  /** What is submitted; checked when it is submitted and again before it runs. Left out: anything. */
  readonly input?: Input;
  /** What the handler returns; checked when it does. Left out: anything. */
  readonly output?: Output;
  /** What the handler reports while it runs. Left out: anything. */
  readonly progress?: Progress;
  /** `max`: how many times a failed attempt is tried again. */
  readonly retry?: RetryOptions & { readonly max?: number | undefined };
  /** Longest wait and longest run of one attempt; 0 = no limit. */
  readonly timeouts?: { readonly queue?: Duration | undefined; readonly process?: Duration | undefined };
  /** At most `max` at once in the whole cluster: of the type, or of each key. */
  readonly concurrency?: {
    readonly max: number;
    readonly key?: string | ((input: SchemaInput<Input>) => string) | undefined;
  };
}

/** Made by `defineTask`. */
export interface TaskContract<
  Input extends StandardSchema = StandardSchema,
  Output extends StandardSchema = StandardSchema,
  Progress extends StandardSchema = StandardSchema,
> {
  readonly type: string;
  readonly input: Input | undefined;
  readonly output: Output | undefined;
  readonly progress: Progress | undefined;
  /** What the contract asks for a task with this input; options given at the submit win over it. */
  optionsFor(input: SchemaInput<Input>): SubmitOptions;
}

/** A contract of any types. */
export type AnyContract = TaskContract;

/** What a caller gives. */
export type InputOf<Contract extends AnyContract> = SchemaInput<NonNullable<Contract['input']>>;
/** What the handler sees: the input after defaults and conversions. */
export type PayloadOf<Contract extends AnyContract> = SchemaOutput<NonNullable<Contract['input']>>;
/** What the handler returns. */
export type ReturnOf<Contract extends AnyContract> = SchemaInput<NonNullable<Contract['output']>>;
/** What the caller gets. */
export type ResultOf<Contract extends AnyContract> = SchemaOutput<NonNullable<Contract['output']>>;
export type ProgressOf<Contract extends AnyContract> = SchemaOutput<NonNullable<Contract['progress']>>;

/**
 * `defineTask({ type: 'send_mail', input: z.object({ to: z.string() }), retry: { max: 5 } })`
 * @throws XQueueError `invalid_request` when the type cannot be a type's name
 */
export function defineTask<
  Input extends StandardSchema = StandardSchema,
  Output extends StandardSchema = StandardSchema,
  Progress extends StandardSchema = StandardSchema,
>(definition: TaskDefinition<Input, Output, Progress>): TaskContract<Input, Output, Progress> {
  const { type, input, output, progress, concurrency } = definition;
  if (typeof type !== 'string' || !new RegExp(TYPE_PATTERN).test(type)) {
    throw new XQueueError('invalid_request', `type: must match ${TYPE_PATTERN}, got ${JSON.stringify(type)}`);
  }
  const fixed = fixedOptions(definition);
  const key = concurrency?.key;
  return {
    type,
    input,
    output,
    progress,
    optionsFor: (given) => (typeof key === 'function' ? { ...fixed, concurrencyKey: key(given) } : fixed),
  };
}

function fixedOptions({
  retry = {},
  timeouts = {},
  concurrency,
}: Pick<
  TaskDefinition<StandardSchema, StandardSchema, StandardSchema>,
  'retry' | 'timeouts' | 'concurrency'
>): SubmitOptions {
  const { max, ...strategy } = retry;
  return {
    maxRetry: max,
    ...(Object.keys(strategy).length === 0 ? {} : { retryStrategy: strategy }),
    queueTimeout: timeouts.queue,
    processTimeout: timeouts.process,
    maxConcurrency: concurrency?.max,
    concurrencyKey: typeof concurrency?.key === 'string' ? concurrency.key : undefined,
  };
}

/** The handle of a task of this contract. */
export type HandleOf<Contract extends AnyContract> = TaskHandle<ResultOf<Contract>, ProgressOf<Contract>>;

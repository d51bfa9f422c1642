// Joins a contract with the function that does its work. What comes in and goes out is checked against the contract's
// schemas; what does not fit fails at once, because trying again would not make it fit.
import type { AnyContract, PayloadOf, ProgressOf, ReturnOf } from '../contract/define-task.ts';
import { type Checked, check, type SchemaInput, type StandardSchema } from '../contract/standard-schema.ts';
import { NonRetryableError } from '../domain/errors.ts';
import type { Handler, HandlerContext, HandlerTask, Isolation, Middleware } from '../worker/handler.ts';

export type TypedTask<Contract extends AnyContract> = HandlerTask<PayloadOf<Contract>>;
export type TypedContext<Contract extends AnyContract> = HandlerContext<
  SchemaInput<NonNullable<Contract['progress']>> & ProgressOf<Contract>
>;

export interface TypedHandler<Contract extends AnyContract> {
  readonly handle: (
    task: TypedTask<Contract>,
    ctx: TypedContext<Contract>,
  ) => ReturnOf<Contract> | Promise<ReturnOf<Contract>>;
  /** Runs around `handle`, the first one outermost. */
  readonly middleware?: readonly Middleware[];
  /** As in `Handler`. */
  readonly isolation?: Isolation;
  readonly file?: string;
}

/** A handler of the contract's type, to be registered or exported from a handlers file like any other. */
export function implement<Contract extends AnyContract>(contract: Contract, own: TypedHandler<Contract>): Handler {
  const { input, output } = contract;
  const run = (task: HandlerTask, ctx: HandlerContext): unknown => own.handle(task, ctx);
  return {
    type: contract.type,
    middleware: own.middleware,
    isolation: own.isolation,
    file: own.file,
    handle: (task, ctx) => {
      // Without schemas, or with schemas that answer at once, the handler starts in this very turn.
      const returned = fitting(input, task.payload, 'payload', (payload) =>
        run(payload === task.payload ? task : { ...task, payload }, ctx),
      );
      if (output === undefined) return returned;
      return returned instanceof Promise
        ? returned.then((value) => fitting(output, value, 'result', () => value))
        : fitting(output, returned, 'result', () => returned);
    },
  };
}

/** Goes on with the value as the schema makes it; throws a NonRetryableError when it does not fit. */
function fitting(
  schema: StandardSchema | undefined,
  value: unknown,
  what: 'payload' | 'result',
  goOn: (value: unknown) => unknown,
): unknown {
  if (schema === undefined) return goOn(value);
  const checked = check(schema, value, what);
  return checked instanceof Promise ? checked.then((late) => goOn(valueOf(late, what))) : goOn(valueOf(checked, what));
}

function valueOf(checked: Checked<unknown>, what: string): unknown {
  if (checked.ok) return checked.value;
  const faults = checked.faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new NonRetryableError(`The ${what} does not fit the contract: ${faults}`);
}

// Calls one handler and catches whatever comes of it: a value, a promise, an exception, an imitation of a promise.
import type { Ending } from '../domain/outcome.ts';
import type { Attempt } from './attempt.ts';
import { endingOfReturn, endingOfThrow } from './ending.ts';
import type { HandlerContext, Middleware } from './handler.ts';
import { through } from './middleware.ts';

/** How the handler came to its end, not yet judged. */
export type HandlerEnd =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown };

/** Calls back exactly once, in the same turn for handlers that are not asynchronous. Never throws. */
export function runHandler(
  { handler }: Pick<Attempt, 'handler'>,
  context: HandlerContext,
  shared: readonly Middleware[],
  onEnd: (end: HandlerEnd) => void,
): void {
  let value: unknown;
  try {
    const middleware = handler.middleware === undefined ? shared : [...shared, ...handler.middleware];
    value =
      middleware.length === 0
        ? handler.handle(context.task, context)
        : through(middleware, context, () => handler.handle(context.task, context));
    if (isThenable(value)) {
      // Wrapped, so that a promise of another kind cannot call back twice or in the middle of something.
      const promise = value instanceof Promise ? value : Promise.resolve(value);
      promise.then(
        (result: unknown) => onEnd({ kind: 'returned', value: result }),
        (error: unknown) => onEnd({ kind: 'threw', error }),
      );
      return;
    }
  } catch (error) {
    onEnd({ kind: 'threw', error });
    return;
  }
  onEnd({ kind: 'returned', value });
}

/** What the end means, given why the handler was asked to stop, if it was. */
export function judge(attempt: Attempt, end: HandlerEnd, now: number): Ending {
  if (attempt.cause === 'canceled') return { kind: 'canceled' };
  // Also when the timer could not fire because the handler itself blocked it: the deadline counts, not the timer.
  if (attempt.cause === 'process_timeout' || now >= attempt.deadlineAt) return { kind: 'ran_too_long' };
  if (end.kind === 'returned') return endingOfReturn(end.value);
  return attempt.cause === 'shutdown' ? { kind: 'shut_down' } : endingOfThrow(end.error);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

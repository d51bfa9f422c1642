// Runs a handler inside middleware, like the layers of an onion.
import type { HandlerContext, Middleware } from './handler.ts';

/** @param handle the innermost; called at most once */
export async function through(
  middleware: readonly Middleware[],
  ctx: HandlerContext,
  handle: () => unknown,
): Promise<unknown> {
  const layer = async (index: number): Promise<unknown> => {
    const own = middleware[index];
    if (own === undefined) return handle();
    let isCalled = false;
    return own(ctx, () => {
      // A handler that ran twice in one attempt would break the promise that it starts once.
      if (isCalled) return Promise.reject(new Error('A middleware called next() twice'));
      isCalled = true;
      return layer(index + 1);
    });
  };
  return layer(0);
}

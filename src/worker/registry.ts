// The handlers of this node, by type. May grow while the node runs.
import { XQueueError } from '../domain/errors.ts';
import { TYPE_PATTERN } from '../domain/limits.ts';
import type { Handler, Middleware } from './handler.ts';

const TYPE = new RegExp(TYPE_PATTERN);

export class HandlerRegistry {
  readonly #byType = new Map<string, Handler>();
  readonly #listeners = new Set<() => void>();
  #types: readonly string[] = [];
  #middleware: readonly Middleware[] = [];

  constructor(handlers: readonly Handler[] = []) {
    for (const handler of handlers) this.register(handler);
  }

  /** @throws XQueueError `invalid_request`: not a handler, a bad type name, or a type that is taken */
  register(handler: Handler): void {
    const problem =
      problemOf(handler) ?? placeless(handler) ?? (this.#byType.has(handler.type) ? `is registered already` : null);
    if (problem !== null) {
      const type = nameOf(handler);
      throw new XQueueError('invalid_request', `Handler ${type} ${problem}`, {
        faults: [{ path: type, message: problem }],
      });
    }
    this.#byType.set(handler.type, handler);
    this.#types = [...this.#byType.keys()].sort();
    for (const listener of this.#listeners) listener();
  }

  /** Around every handler, the first one outermost; from the next attempt on. @throws XQueueError `invalid_request` */
  use(...middleware: readonly Middleware[]): void {
    if (middleware.some((one) => typeof one !== 'function')) {
      throw new XQueueError('invalid_request', 'Middleware must be functions (ctx, next) => result');
    }
    this.#middleware = [...this.#middleware, ...middleware];
  }

  get middleware(): readonly Middleware[] {
    return this.#middleware;
  }

  get(type: string): Handler | undefined {
    return this.#byType.get(type);
  }

  has(type: string): boolean {
    return this.#byType.has(type);
  }

  /** Sorted; a new array after each change. */
  get types(): readonly string[] {
    return this.#types;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

/** Why this cannot be a handler, or `null`. Takes anything: what a file exports has no types. */
export function problemOf(candidate: unknown): string | null {
  if (typeof candidate !== 'object' || candidate === null) return 'is not an object { type, handle }';
  const { type, handle, middleware, isolation, file } = candidate as Partial<Record<keyof Handler, unknown>>;
  if (typeof type !== 'string') return 'has no `type` text';
  if (!TYPE.test(type)) return 'has a type that does not match [A-Za-z0-9][A-Za-z0-9._:-]{0,127}';
  if (typeof handle !== 'function') return 'has no `handle` function';
  const isList = Array.isArray(middleware) && middleware.every((one) => typeof one === 'function');
  if (isolation !== undefined && isolation !== 'thread' && isolation !== 'process') {
    return "has an `isolation` that is neither 'thread' nor 'process'";
  }
  if (file !== undefined && typeof file !== 'string') return 'has a `file` that is not a text';
  if (middleware !== undefined && !isList) return 'has a `middleware` that is not a list of functions';
  return null;
}

function placeless({ isolation, file }: Handler): string | null {
  if (isolation === undefined || file !== undefined) return null;
  return 'has `isolation` but no `file`: the module that exports it, such as import.meta.url';
}

function nameOf(candidate: unknown): string {
  const type = typeof candidate === 'object' && candidate !== null ? (candidate as { type?: unknown }).type : undefined;
  return typeof type === 'string' ? JSON.stringify(type) : 'without a type';
}

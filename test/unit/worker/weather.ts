// A store whose weather the test decides: away, replies lost on the way back, calls held up. Counts what it is asked.
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import type { Signal, TaskStore } from '../../../src/ports/task-store.ts';

export type Method =
  | 'submit'
  | 'claim'
  | 'heartbeat'
  | 'settle'
  | 'release'
  | 'progress'
  | 'sweepTimers'
  | 'lostLeases'
  | 'purge'
  | 'audit'
  | 'get'
  | 'reportNode'
  | 'forgetNode';

type Call = (...args: unknown[]) => Promise<unknown>;

export class Weather {
  readonly calls = new Map<string, number>();
  /** Arguments of every call, newest last. */
  readonly asked: { readonly method: string; readonly args: readonly unknown[] }[] = [];
  readonly #away = new Set<string>();
  readonly #poisoned = new Map<string, (args: readonly unknown[]) => Error | null>();
  readonly #repliesLost = new Map<string, number>();
  readonly #lostSignals = new Set<string>();
  readonly #held = new Map<string, PromiseWithResolvers<void>>();

  /** These calls fail before they change anything. */
  away(...methods: readonly Method[]): void {
    for (const method of methods) this.#away.add(method);
  }
  back(): void {
    this.#away.clear();
  }
  /** The next `times` calls take effect, but their replies get lost. */
  loseReplies(method: Method, times: number): void {
    this.#repliesLost.set(method, times);
  }
  /** Calls take effect at once; their replies wait for the returned function. */
  hold(method: Method): () => void {
    const held = Promise.withResolvers<void>();
    this.#held.set(method, held);
    return () => {
      this.#held.delete(method);
      held.resolve();
    };
  }
  /** Those that are held stay held, new ones are not. */
  letNewCallsThrough(method: Method): void {
    this.#held.delete(method);
  }
  /** Signals of these kinds never arrive. */
  loseSignals(...kinds: readonly Signal['kind'][]): void {
    for (const kind of kinds) this.#lostSignals.add(kind);
  }
  /** Calls for which `reason` answers an error fail with it. */
  poison(method: Method, reason: (args: readonly unknown[]) => Error | null): void {
    this.#poisoned.set(method, reason);
  }
  count(method: Method): number {
    return this.calls.get(method) ?? 0;
  }
  get total(): number {
    return [...this.calls.values()].reduce((sum, count) => sum + count, 0);
  }

  over<Store extends TaskStore>(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'onSignal') return (listener: (signal: Signal) => void) => this.#listen(target, listener);
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function' || typeof name !== 'string') return member;
        return (...args: unknown[]) => this.#call(name, args, member.bind(target) as Call);
      },
    });
  }

  #listen(store: TaskStore, listener: (signal: Signal) => void): () => void {
    return store.onSignal((signal) => {
      if (!this.#lostSignals.has(signal.kind)) listener(signal);
    });
  }

  async #call(method: string, args: unknown[], call: Call): Promise<unknown> {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    this.asked.push({ method, args });
    if (this.#away.has(method)) throw new StoreUnavailable(`the store is away (${method})`);
    const poison = this.#poisoned.get(method)?.(args);
    if (poison) throw poison;
    const reply = await call(...args);
    await this.#held.get(method)?.promise;
    const lost = this.#repliesLost.get(method) ?? 0;
    if (lost === 0) return reply;
    this.#repliesLost.set(method, lost - 1);
    throw new StoreUnavailable(`the reply was lost (${method})`);
  }
}

// Where the store runs: in this thread (`:memory:`, tests with a manual clock) or in a thread of its own (files).
import { StoreUnavailable } from '../../domain/errors.ts';
import type { Signal } from '../../ports/task-store.ts';
import type { SqliteCore } from './core.ts';
import type { Call, OperationArgs, OperationName, OperationResult } from './operations.ts';

export interface Host {
  call<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): Promise<OperationResult<Name>>;
  onSignal(listener: (signal: Signal) => void): () => void;
  close(): Promise<void>;
  /** Resolves with why when the host has ended although nobody closed it. */
  readonly failed?: Promise<string>;
}

/** Signals to all who listen; a listener may leave while signals are given. */
export class SignalListeners {
  readonly #listeners = new Set<(signal: Signal) => void>();

  add(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(signals: readonly Signal[]): void {
    for (const signal of signals) for (const listener of this.#listeners) listener(signal);
  }
}

/** Runs each call at once, in a transaction of its own. */
export class DirectHost implements Host {
  readonly #core: SqliteCore;
  readonly #signals = new SignalListeners();
  #closed = false;

  constructor(core: SqliteCore) {
    this.#core = core;
  }

  async call<Name extends OperationName>(name: Name, ...args: OperationArgs<Name>): Promise<OperationResult<Name>> {
    if (this.#closed) throw new StoreUnavailable('The embedded store is closed');
    const { answers, signals } = this.#core.run([{ name, args } as Call]);
    queueMicrotask(() => this.#signals.emit(signals));
    const answer = answers[0];
    if (!answer?.ok) throw answer?.error;
    return answer.value as OperationResult<Name>;
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    return this.#signals.add(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#core.close();
  }
}

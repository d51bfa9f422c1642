// The stores that must pass the conformance suite. A store joins with one line in `STORES`.
import type { ManualClock } from '../../src/adapters/clock/manual-clock.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import type { LockStore } from '../../src/ports/lock-store.ts';
import type { StoreSettings, TaskStore } from '../../src/ports/task-store.ts';
import { ModelStore } from '../model/model-store.ts';

/** Drives the clock that the store judges by. A store with a clock of its own (Redis) brings its own driver. */
export interface TestClock {
  /** The store's time, Unix ms. Stands still between calls of `advance`. */
  now(): number;
  advance(ms: number): void | Promise<void>;
  /** As when an operator sets the clock: forwards or back, at once. */
  set(unixMs: number): void | Promise<void>;
}

/** What a store can be asked in tests. A test that needs what a store cannot do says so instead of passing. */
export interface Supports {
  /** Its clock can be set back. */
  readonly clockSetBack: boolean;
  /** It notices that it was stopped (`settings.stallMs`). */
  readonly stallDetection: boolean;
  /** It tells listeners of `onSignal` what happened, in this process. */
  readonly signals: boolean;
  /** `close` makes later calls fail with `StoreUnavailable`. */
  readonly refusesAfterClose: boolean;
}

export interface OpenStore {
  readonly store: TaskStore;
  readonly locks: LockStore;
  readonly clock: TestClock;
  /** Ends what `open` started. The store is not closed before. */
  dispose(): Promise<void>;
}

export interface StoreUnderTest {
  readonly name: string;
  readonly supports: Supports;
  /** A new, empty store. `clock` is for stores that take the process's clock; see `OpenStore.clock`. */
  open(options: { readonly clock: ManualClock; readonly settings: StoreSettings }): Promise<OpenStore>;
}

const EVERYTHING: Supports = { clockSetBack: true, stallDetection: true, signals: true, refusesAfterClose: true };

export const model: StoreUnderTest = {
  name: 'reference model',
  supports: EVERYTHING,
  open: async ({ clock, settings }) => {
    const store = new ModelStore(clock, settings);
    return { store, locks: store.locks, clock, dispose: () => store.close() };
  },
};

export const embedded: StoreUnderTest = {
  name: 'embedded store',
  supports: EVERYTHING,
  open: async ({ clock, settings }) => {
    const store = await openSqliteStore({ path: ':memory:', clock, settings });
    return { store, locks: store.locks, clock, dispose: () => store.close() };
  },
};

export const STORES: readonly StoreUnderTest[] = [model, embedded];

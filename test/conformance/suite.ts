// How a theme says what a store must do. A theme only names its tests; who runs them is decided outside: node:test for
// the stores (task-store.test.ts), a plain loop for the broken stores that must be caught (mutants.test.ts).
import type { StoreSettings } from '../../src/ports/task-store.ts';
import type { Fixture } from './fixture.ts';
import type { Supports } from './stores.ts';

export type TestBody = (s: Fixture) => Promise<void>;

export interface TestOptions {
  /** Changes to the product's defaults (builders.ts). */
  readonly settings?: Partial<StoreSettings>;
  /** What the store must be able to do for this test to make sense. */
  readonly needs?: keyof Supports;
}

export interface Suite {
  readonly describe: (title: string, body: () => void) => void;
  /** Each test gets a new, empty store, and is followed by the invariants of invariants.ts. */
  readonly test: (title: string, body: TestBody, options?: TestOptions) => void;
}

export type Theme = (suite: Suite) => void;

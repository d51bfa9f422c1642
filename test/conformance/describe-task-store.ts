// Runs all themes on one store with node:test. Every test gets a store of its own and is followed by the invariants.
import { describe, it } from 'node:test';
import { Fixture } from './fixture.ts';
import { checkInvariants } from './invariants.ts';
import type { StoreUnderTest } from './stores.ts';
import type { Suite, TestBody, TestOptions } from './suite.ts';
import { THEMES } from './themes.ts';

export function describeTaskStore(sut: StoreUnderTest): void {
  const suite: Suite = {
    describe: (title, body) => void describe(title, body),
    test: (title, body, options = {}) => {
      const missing = options.needs !== undefined && !sut.supports[options.needs];
      const skip = missing ? `this store has no ${options.needs}` : false;
      void it(title, { skip }, () => runTest(sut, body, options));
    },
  };
  void describe(sut.name, () => {
    for (const theme of THEMES) theme(suite);
  });
}

/** One test from an empty store to the invariants that must hold afterwards. */
export async function runTest(sut: StoreUnderTest, body: TestBody, options: TestOptions): Promise<void> {
  const { fixture, dispose } = await Fixture.open(sut, options.settings);
  try {
    await body(fixture);
    if (!fixture.closed) await checkInvariants(fixture.store, await fixture.events(), fixture.history);
  } finally {
    await dispose();
  }
}

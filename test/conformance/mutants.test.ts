// The tests of the tests: each mutant breaks one guarantee, and both the suite and the random histories must notice.
// A new rule of a store comes with a mutant that breaks it. `XQUEUE_MUTANT=<part of a name>` runs some of them only.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Coverage } from '../differential/coverage.ts';
import { Divergence, runHistory } from '../differential/history.ts';
import { collectTests, firstFailure } from './collected-tests.ts';
import { MUTANTS_OF_CALLS, MUTANTS_OF_LOCKS } from './mutants/of-calls.ts';
import { MUTANTS_OF_THE_EMBEDDED_STORE } from './mutants/of-embedded-store.ts';
import { MUTANTS_OF_STATE } from './mutants/of-state.ts';
import { model, STORES, type StoreUnderTest } from './stores.ts';
import { THEMES } from './themes.ts';

const wanted = process.env.XQUEUE_MUTANT ?? '';
const MUTANTS = [
  ...MUTANTS_OF_CALLS,
  ...MUTANTS_OF_LOCKS,
  ...MUTANTS_OF_STATE,
  ...MUTANTS_OF_THE_EMBEDDED_STORE,
].filter(({ name }) => name.includes(wanted));
const TESTS = collectTests(THEMES);
const HISTORIES_MAX = 12;
const STEPS = 600;

void describe('a sound store is caught by neither:', () => {
  for (const sound of STORES) {
    void it(sound.name, async () => {
      assert.equal(await firstFailure(TESTS, sound), null);
      assert.equal(await firstDivergence(sound), null);
    });
  }
});

void describe('a store is caught by the conformance suite when', () => {
  for (const mutant of MUTANTS) {
    void it(`${mutant.name} (${mutant.breaks})`, async (t) => {
      const caught = await firstFailure(TESTS, mutant);
      assert.ok(caught, 'every test of the suite passed');
      t.diagnostic(`caught by: ${caught}`);
    });
  }
});

void describe('a store is caught by random histories when', () => {
  for (const mutant of MUTANTS.filter(({ notSeenByHistories }) => notSeenByHistories === undefined)) {
    void it(`${mutant.name} (${mutant.breaks})`, async (t) => {
      const caught = await firstDivergence(mutant);
      assert.ok(caught, `${HISTORIES_MAX} histories of ${STEPS} steps saw no difference`);
      t.diagnostic(`caught: ${caught.message.split('\n')[0]}`);
    });
  }
});

async function firstDivergence(sut: StoreUnderTest): Promise<Divergence | null> {
  for (let seed = 1; seed <= HISTORIES_MAX; seed++) {
    try {
      await runHistory({ left: model, right: sut, seed, steps: STEPS, coverage: new Coverage() });
    } catch (error) {
      if (error instanceof Divergence) return error;
      throw error;
    }
  }
  return null;
}

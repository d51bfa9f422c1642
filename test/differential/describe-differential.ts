// One store against the reference model, in lockstep through random histories.
//   TEST_DIFF_RUNS   histories per store (default 12: some seconds); thousands for a night
//   TEST_DIFF_STEPS  steps of each (default 600)
//   TEST_DIFF_SEED   the first seed (default: today's); alone it replays that one history
import { describe, it } from 'node:test';
import { model, type StoreUnderTest } from '../conformance/stores.ts';
import { Coverage } from './coverage.ts';
import { runHistory } from './history.ts';

const replay = process.env.TEST_DIFF_SEED !== undefined && process.env.TEST_DIFF_RUNS === undefined;
const runs = replay ? 1 : Number(process.env.TEST_DIFF_RUNS ?? 12);
const steps = Number(process.env.TEST_DIFF_STEPS ?? 600);
const firstSeed = Number(process.env.TEST_DIFF_SEED ?? Math.floor(Date.now() / 86_400_000) * 1000);

const EXTRA_RUNS_MAX = 20;

export function describeDifferential(sut: StoreUnderTest): void {
  void describe(`${sut.name} answers as the reference model does`, () => {
    const coverage = new Coverage();
    for (let run = 0; run < runs; run++) {
      const seed = firstSeed + run;
      void it(`through ${steps} random steps of seed ${seed}`, () =>
        runHistory({ left: model, right: sut, seed, steps, coverage }));
    }
    // A replay looks at one history only, which need not contain everything.
    if (replay) return;
    void it('and every operation gave each of its answers at least once', async () => {
      // Rare answers get some more histories to come up in; without them the test has not passed.
      for (let extra = 0; extra < EXTRA_RUNS_MAX && coverage.missing().length > 0; extra++) {
        await runHistory({ left: model, right: sut, seed: firstSeed + runs + extra, steps, coverage });
      }
      coverage.check();
    });
  });
}

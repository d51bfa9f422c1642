// One random history on two stores in lockstep. A difference stops it and says how to see it again.
import { relative } from 'node:path';
import type { StoreUnderTest } from '../conformance/stores.ts';
import type { Coverage } from './coverage.ts';
import { STEPS } from './steps.ts';
import { World } from './world.ts';

const COMPARE_EVERY = 25;
const SHOWN_STEPS = 12;

export interface History {
  readonly left: StoreUnderTest;
  readonly right: StoreUnderTest;
  readonly seed: number;
  readonly steps: number;
  readonly coverage: Coverage;
}

export class Divergence extends Error {
  override readonly name = 'Divergence';
}

/** @throws Divergence at the first step whose replies, or after which the states, are not the same */
export async function runHistory(history: History): Promise<void> {
  const { left, right, seed, steps, coverage } = history;
  const world = await World.open(left, right, seed, coverage);
  const trail: string[] = [];
  try {
    for (let step = 1; step <= steps; step++) {
      const name = world.chance.weighted(WEIGHTS);
      trail.push(`${step} ${name}`);
      try {
        await STEPS[name]?.run(world);
        if (step % COMPARE_EVERY === 0 || step === steps) {
          trail.push(`${step} compare everything`);
          await world.compareAll();
        }
      } catch (error) {
        throw diverged(history, step, trail, error);
      }
    }
  } finally {
    await world.pair.close();
  }
}

const WEIGHTS = Object.fromEntries(Object.entries(STEPS).map(([name, { weight }]) => [name, weight]));

function diverged({ left, right, seed }: History, step: number, trail: readonly string[], error: unknown): Divergence {
  const what = error instanceof Error ? error.message : String(error);
  const message = [
    `${right.name} differs from ${left.name} in the history of seed ${seed} at step ${step}: ${trail.at(-1)}`,
    what,
    `The steps before: ${trail.slice(-SHOWN_STEPS, -1).join(', ')}`,
    'Replay:',
    `  TEST_DIFF_SEED=${seed} TEST_DIFF_STEPS=${step} TEST_STORE='${right.name}' node --test ${testFile()}`,
  ].join('\n');
  return new Divergence(message, { cause: error });
}

/** The test file that runs this, as one would type it. */
function testFile(): string {
  return relative(process.cwd(), process.argv[1] ?? '');
}

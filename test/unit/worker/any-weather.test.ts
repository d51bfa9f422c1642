// Whatever the weather does to the store and whatever handlers do: when it clears up, every task has exactly one end,
// every attempt is closed, limits held all the time, and nothing is left over. Seeds are printed on failure.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { quiet, Scene } from './scene.ts';
import type { Method } from './weather.ts';

const KEY_MAX = 2;

type Deed = 'return' | 'throw' | 'progress' | 'listen' | 'ignore' | 'bad result';
const deeds = fc.constantFrom<Deed>('return', 'throw', 'progress', 'listen', 'ignore', 'bad result');

const taskPlan = fc.record({
  deeds: fc.array(deeds, { minLength: 1, maxLength: 3 }),
  forMs: fc.integer({ min: 0, max: 60_000 }),
  limited: fc.boolean(),
  maxRetry: fc.integer({ min: 0, max: 2 }),
  processTimeoutMs: fc.constantFrom(0, 20_000, 100_000),
  cancelAfterMs: fc.option(fc.integer({ min: 0, max: 100_000 })),
});

type Storm = { readonly kind: 'away' | 'lost' | 'calm'; readonly methods: readonly Method[]; readonly forMs: number };
const methods = fc.subarray<Method>(
  ['claim', 'settle', 'heartbeat', 'progress', 'release', 'reportNode', 'sweepTimers'],
  {
    minLength: 1,
  },
);
const storm: fc.Arbitrary<Storm> = fc.record({
  kind: fc.constantFrom('away', 'lost', 'calm'),
  methods,
  forMs: fc.integer({ min: 1, max: 120_000 }),
});

describe('in any weather', () => {
  it('every task has one end and nothing is left over', async () => {
    const plans = fc.array(taskPlan, { minLength: 1, maxLength: 12 });
    const storms = fc.array(storm, { maxLength: 6 });
    await fc.assert(fc.asyncProperty(plans, storms, fc.integer({ min: 1, max: 4 }), live), { numRuns: 60 });
  });
});

async function live(
  plans: readonly (typeof taskPlan extends fc.Arbitrary<infer Plan> ? Plan : never)[],
  storms: readonly Storm[],
  slots: number,
): Promise<void> {
  const scene = new Scene();
  const crowds: number[] = [];
  let limitedNow = 0;
  scene.handler('any', async (task, ctx) => {
    const plan = plans[(task.payload as { plan: number }).plan];
    if (plan === undefined) throw new Error('no plan');
    const deed = plan.deeds[Math.min(ctx.attempt, plan.deeds.length) - 1] ?? 'return';
    if (plan.limited) crowds.push(++limitedNow);
    try {
      if (deed === 'progress') void ctx.progress({ at: ctx.attempt });
      await new Promise<void>((resolve, reject) => {
        scene.clock.after(plan.forMs, resolve);
        if (deed !== 'ignore') ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason));
      });
      if (deed === 'throw') throw new Error('as planned');
      return deed === 'bad result' ? 1n : task.id;
    } finally {
      if (plan.limited) limitedNow -= 1;
    }
  });
  scene.sweepers();
  const worker = scene.worker({ maxConcurrency: slots });
  await quiet();

  const ids: string[] = [];
  for (const [index, plan] of plans.entries()) {
    const { maxRetry, processTimeoutMs, limited, cancelAfterMs } = plan;
    const limit = limited ? { concurrencyKey: 'k', maxConcurrency: KEY_MAX } : {};
    const id = await scene.submit('any', { payload: `{"plan":${index}}`, maxRetry, processTimeoutMs, ...limit });
    ids.push(id);
    if (cancelAfterMs !== null) scene.clock.after(cancelAfterMs, () => void scene.cancel(id));
  }
  for (const { kind, methods: hit, forMs } of storms) {
    if (kind === 'away') scene.weather.away(...hit);
    if (kind === 'lost') for (const method of hit) scene.weather.loseReplies(method, 3);
    await scene.pass(forMs, 5000);
    scene.weather.back();
  }
  // Every wait that is left is bounded: leases, graces, retries.
  for (let rounds = 0; rounds < 100 && !(await allFinal(scene, ids)); rounds++) await scene.pass(60_000, 5000);

  for (const id of ids) {
    const task = await scene.read(id);
    assert.ok(['success', 'failed', 'canceled'].includes(task.status), `${id} is ${task.status}`);
    assert.ok(task.attempts.every(({ endedAt, outcome }) => endedAt !== null && outcome !== null));
    assert.deepEqual(
      task.attempts.map(({ attempt }) => attempt),
      task.attempts.map((_, index) => index + 1),
    );
    if (task.status === 'success') assert.equal(task.result, JSON.stringify(id));
  }
  await scene.pass(120_000, 5000);
  assert.equal(worker.health().running, 0);
  assert.equal(worker.health().unsettled, 0);
  assert.equal(await scene.slotsTaken('k'), 0);
  assert.deepEqual(await scene.store.audit(), []);
  // Handlers that lost their lease in a storm, or outlive their grace, may overlap with their successors; no others may.
  const isFair = storms.every(({ kind }) => kind === 'calm') && plans.every((plan) => !plan.deeds.includes('ignore'));
  if (isFair) assert.ok(Math.max(0, ...crowds) <= KEY_MAX, `${Math.max(...crowds)} at once with a limit of ${KEY_MAX}`);
  await scene.end();
  assert.equal(scene.clock.timers, 0);
}

async function allFinal(scene: Scene, ids: readonly string[]): Promise<boolean> {
  for (const id of ids) if (['pending', 'processing'].includes(await scene.statusOf(id))) return false;
  return true;
}

// Orderly ends at bad moments: whoever stops a node with SIGTERM loses nothing, fails nothing and starts nothing twice.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskWithAttempts } from '../../src/domain/task.ts';
import { audit } from './audit.ts';
import { Load, submitMany } from './load.ts';
import { allFinal, makeRig, type Rig, seeded } from './rig.ts';
import { readRuns } from './runs.ts';

/** Claims that came in the middle of the end go back unstarted; nothing may have gone wrong beyond that. */
function assertOneStartEach({ folder }: Rig, tasks: readonly TaskWithAttempts[]): void {
  const starts = new Map<string, number>();
  for (const { what, taskId } of readRuns(folder)) {
    if (what === 'start') starts.set(taskId, (starts.get(taskId) ?? 0) + 1);
  }
  const odd = tasks.filter((task) => {
    const outcomes = task.attempts.slice(0, -1).map(({ outcome }) => outcome);
    const others = outcomes.filter((outcome) => outcome !== 'released');
    return task.status !== 'success' || starts.get(task.id) !== 1 || others.length > 0 || task.recoveries > 0;
  });
  assert.deepEqual(
    odd.map(({ id, status, attempts }) => ({ id, status, starts: starts.get(id), attempts })),
    [],
  );
}

it('SIGTERM in the middle of claims: what was claimed and not started goes back, nothing is left running', async (t) => {
  await seeded(async (chance) => {
    const rig = await makeRig(t, { args: ['--queue-max-concurrency', '20'] });
    await rig.start();
    const accepted = await submitMany(rig.url, 1500, { type: 'sleepy', payload: { ms: 3 }, max_retry: 0 });
    for (let end = 0; end < 3; end++) {
      await sleep(chance.below(120));
      await rig.stop();
      const { tasks } = await audit({ ...rig, accepted, state: 'any' });
      const left = tasks.filter(({ status }) => status === 'processing').map(({ id }) => id);
      assert.deepEqual(left, [], 'nothing is left running after an orderly end');
      await rig.start();
    }
    await allFinal(rig.url, 1500);
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
    assertOneStartEach(rig, tasks);
  });
});

it('restarts one after the other under load: nothing fails, is lost, or starts twice', async (t) => {
  await seeded(async (chance) => {
    const rig = await makeRig(t);
    await rig.start();
    const load = new Load({
      t,
      url: rig.url,
      chance,
      pauseMs: 15,
      next: () => (chance.oneIn(2) ? { type: 'quick' } : { type: 'sleepy', payload: { ms: chance.below(200) } }),
    });
    for (let restart = 0; restart < 3; restart++) {
      await sleep(chance.between(200, 800));
      await rig.stop();
      await rig.start();
    }
    await load.stop();
    await allFinal(rig.url, load.accepted.size);
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted: load.accepted, state: 'all final', due: 'at once' });
    assertOneStartEach(rig, tasks);
    t.diagnostic(`${tasks.length} tasks, ${load.refused} refusals, ${load.inDoubt} calls without an answer`);
  });
});

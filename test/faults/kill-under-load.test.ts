// `kill -9` of a node at random moments, while clients submit on several connections and handlers run: what was accepted
// is there afterwards, what ran is taken up at once, and each task comes to exactly one end.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../differential/chance.ts';
import { audit } from './audit.ts';
import { Load, submitMany, type TaskBody } from './load.ts';
import { allFinal, makeRig, running, seeded } from './rig.ts';

const KILLS = Number(process.env['TEST_KILLS'] ?? 6);
/** More than any task can be recovered here, so that no task fails for it. */
const MANY_RECOVERIES = ['--queue-max-recoveries', '1000'];

function mixed(chance: Chance): TaskBody {
  const priority = chance.between(-2, 2);
  switch (chance.weighted({ quick: 6, keyed: 3, sleepy: 2, flaky: 1, late: 1, blocking: 0.1 })) {
    case 'quick':
      return { type: 'quick', priority };
    case 'keyed':
      return {
        type: 'sleepy',
        payload: { ms: chance.below(20) },
        concurrency_key: `user-${chance.below(4)}`,
        max_concurrency: 3,
      };
    case 'sleepy':
      return { type: 'sleepy', priority, payload: { ms: chance.below(400) } };
    case 'flaky':
      return {
        type: 'flaky',
        payload: { fails: chance.between(1, 2) },
        max_retry: 2,
        retry_strategy: { type: 'fixed', delay: 0.05 },
      };
    case 'late':
      return { type: 'quick', delay: chance.below(1000) / 1000, tags: ['late'] };
    case 'blocking':
      return { type: 'blocking', payload: { ms: 30 } };
  }
}

it(`loses nothing over ${KILLS} kills at random moments under load`, { timeout: 60_000 }, async (t) => {
  await seeded(async (chance) => {
    const rig = await makeRig(t, { args: MANY_RECOVERIES });
    await rig.start();
    const load = new Load({ t, url: rig.url, chance, next: mixed, pauseMs: 10 });
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(chance.between(50, 700));
      await rig.kill();
      await rig.start();
    }
    await load.stop();
    const counts = await allFinal(rig.url, load.accepted.size);
    assert.equal(counts.success, load.accepted.size, JSON.stringify(counts));
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted: load.accepted, state: 'all final' });
    const recovered = tasks.filter(({ attempts }) => attempts.some(({ outcome }) => outcome === 'lost')).length;
    assert.ok(tasks.length > 300 && recovered > KILLS, `real work: ${tasks.length} tasks, ${recovered} recovered`);
    t.diagnostic(`${tasks.length} tasks, ${recovered} were running at a kill, ${load.inDoubt} calls without an answer`);
  });
});

it('takes up what ran at once, not after its lease, and in its old place', async (t) => {
  const rig = await makeRig(t, { args: ['--queue-max-concurrency', '200'] });
  await rig.start();
  const accepted = new Map([
    ...(await submitMany(rig.url, 200, { type: 'sleepy', payload: { ms: 3000 } })),
    ...(await submitMany(rig.url, 50, { type: 'sleepy', payload: { ms: 1 } })),
  ]);
  await running(rig.url, 200);
  await rig.kill();
  const since = performance.now();
  await rig.start();
  await running(rig.url, 200);
  const tookMs = performance.now() - since;
  assert.ok(tookMs < 5000, `200 tasks run again after ${tookMs} ms, their lease is 90 s`);
  await allFinal(rig.url, 250);
  await rig.kill();
  const { tasks } = await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
  assert.deepEqual(
    tasks.slice(0, 200).map(({ attempts, retry, recoveries }) => [attempts.length, retry, recoveries]),
    Array.from({ length: 200 }, () => [2, 0, 1]),
  );
});

it('keeps canceled tasks canceled and cancel requests asked for', async (t) => {
  await seeded(async (chance) => {
    const rig = await makeRig(t, { args: MANY_RECOVERIES });
    await rig.start();
    const accepted = await submitMany(rig.url, 150, { type: 'sleepy', payload: { ms: 2000 } });
    await running(rig.url, 100);
    const asked: string[] = [];
    const ids = chance.some([...accepted.keys()]);
    const cancels = ids.map(async (id) => {
      const response = await fetch(`${rig.url}/tasks/${id}`, { method: 'DELETE' }).catch(() => null);
      if (response?.status === 200 || response?.status === 202) asked.push(id);
    });
    await sleep(chance.below(60));
    await rig.kill();
    await Promise.all(cancels);
    await rig.start();
    await allFinal(rig.url, 150);
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted, state: 'all final' });
    const status = new Map(tasks.map((task) => [task.id, task.status]));
    assert.deepEqual(
      asked.filter((id) => status.get(id) !== 'canceled'),
      [],
      'a cancel that was acknowledged',
    );
  });
});

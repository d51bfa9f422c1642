// A process that stands still for longer than its leases (SIGSTOP, a paused container, a machine that was asleep): store
// and handlers stood still together, so nothing may be lost and nothing may run twice.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit } from './audit.ts';
import { Load, submitMany } from './load.ts';
import { allFinal, makeRig, running, seeded } from './rig.ts';
import { readRuns } from './runs.ts';

/** The proportions of the defaults: a lease is three heartbeats. */
const SHORT_LEASE = ['--queue-heartbeat-interval', '500ms', '--queue-lease', '1500ms'];

it('SIGSTOP beyond the lease: what ran goes on, ends once, and is not given to anybody else', async (t) => {
  const rig = await makeRig(t, { args: SHORT_LEASE });
  const node = await rig.start();
  const accepted = await submitMany(rig.url, 50, { type: 'sleepy', payload: { ms: 3000 }, max_retry: 0 });
  await running(rig.url, 50);
  await sleep(300);
  node.signal('SIGSTOP');
  await sleep(2500);
  node.signal('SIGCONT');
  const counts = await allFinal(rig.url, 50);
  await rig.kill();
  const { tasks } = await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
  assert.equal(counts.success, 50, JSON.stringify(counts));
  assert.deepEqual(
    tasks.filter(({ attempt }) => attempt !== 1).map(({ id, attempts }) => [id, attempts]),
    [],
    'nothing ran twice',
  );
});

it('SIGSTOP again and again under load loses nothing and runs nothing twice', async (t) => {
  await seeded(async (chance) => {
    const rig = await makeRig(t, { args: SHORT_LEASE });
    const node = await rig.start();
    const load = new Load({
      t,
      url: rig.url,
      chance,
      connections: 4,
      pauseMs: 20,
      next: () => ({ type: 'sleepy', payload: { ms: chance.below(300) }, max_retry: 0 }),
    });
    for (let stop = 0; stop < 4; stop++) {
      // Time for a heartbeat: two stops in one lease, each too short to be noticed, can together outlast it.
      await sleep(chance.between(700, 1200));
      node.signal('SIGSTOP');
      await sleep(chance.between(100, 2500));
      node.signal('SIGCONT');
    }
    await load.stop();
    await allFinal(rig.url, load.accepted.size);
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted: load.accepted, state: 'all final' });
    assert.deepEqual(
      tasks.filter(({ status }) => status !== 'success').map(({ id, attempts }) => [id, attempts]),
      [],
    );
    // An attempt whose claim was on its way is given up before it starts; what counts is what handlers did.
    const starts = readRuns(rig.folder).filter(({ what }) => what === 'start');
    assert.equal(starts.length, tasks.length, 'nothing was started twice');
  });
});

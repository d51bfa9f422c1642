// Two processes that want the same data file: one has it, the other is told so and touches nothing.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit } from './audit.ts';
import { Load, submitMany } from './load.ts';
import { allFinal, makeRig, seeded } from './rig.ts';

it('a second node, a worker and a program are refused while the first works on, undisturbed', async (t) => {
  await seeded(async (chance) => {
    const rig = await makeRig(t);
    await rig.start();
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(50) }, max_retry: 0 });
    const load = new Load({ t, url: rig.url, chance, next, connections: 3, pauseMs: 20 });
    for (const command of ['start', 'worker', 'server'] as const) {
      const { code, err } = await rig.launch(command).ended;
      assert.equal(code, 4, err);
      assert.match(err, /embedded\.path: .*in use by another process/);
    }
    await sleep(200);
    await load.stop();
    await allFinal(rig.url, load.accepted.size);
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted: load.accepted, state: 'all final', due: 'at once' });
    const odd = tasks.filter(({ status, attempt }) => status !== 'success' || attempt !== 1);
    assert.deepEqual(odd, []);
  });
});

it('of several that start at once after a kill exactly one gets the file, and takes up what ran', async (t) => {
  const rig = await makeRig(t);
  await rig.start();
  const accepted = await submitMany(rig.url, 50, { type: 'sleepy', payload: { ms: 800 } });
  await rig.kill();
  const rivals = Array.from({ length: 3 }, () => rig.launch('worker'));
  const outcome = await Promise.all(
    rivals.map((rival) =>
      Promise.race([
        rival.said(/Handlers +/).then(
          () => 'runs',
          () => 'ended',
        ),
        rival.ended.then(({ code }) => `code ${code}`),
      ]),
    ),
  );
  assert.equal(outcome.filter((what) => what === 'runs').length, 1, outcome.join(', '));
  const winner = rivals[outcome.indexOf('runs')];
  for (const rival of rivals) if (rival !== winner) assert.equal((await rival.ended).code, 4);
  await sleep(300);
  winner?.signal('SIGTERM');
  assert.equal((await winner?.ended)?.code, 0);
  await rig.start();
  await allFinal(rig.url, 50);
  await rig.kill();
  await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
});

// The disk of the embedded store fills up while tasks are submitted and run: submits are refused with 503 and nothing of
// them stays, outcomes wait until there is room again, and the process lives through all of it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, getTask, post, submit } from '../e2e/http.ts';
import { audit } from './audit.ts';
import { Load, submitMany } from './load.ts';
import { allFinal, countsOf, makeRig, running, seeded } from './rig.ts';
import { readRuns } from './runs.ts';
import { smallDisk } from './small-disk.ts';

const BIG = JSON.stringify({ type: 'quick', payload: { text: 'x'.repeat(100_000) } });

it('submits are refused with 503 and Retry-After, reads go on, outcomes arrive when there is room again', async (t) => {
  const disk = smallDisk(t, 4);
  const rig = await makeRig(t, { dataFile: join(disk.path, 'xqueue.db') });
  await rig.start();
  const accepted = await submitMany(rig.url, 30, { type: 'sleepy', payload: { ms: 1200 }, max_retry: 0 });
  await running(rig.url, 30);
  disk.fill();

  for (let n = 0; n < 20; n++) {
    const response = await post(`${rig.url}/tasks`, BIG);
    const problem = (await response.json()) as { code: string };
    assert.deepEqual([response.status, problem.code], [503, 'store_unavailable']);
    assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  }
  assert.equal((await countsOf(rig.url)).total, 30, 'nothing of a refused submit stays');
  const [first = ''] = accepted.keys();
  const ends = async () => readRuns(rig.folder).filter(({ what }) => what === 'end').length;
  await eventually(ends, (n) => n === 30);
  await sleep(300);
  assert.equal((await getTask(rig.url, first)).status, 'processing', 'the outcome could not be written');

  disk.free();
  assert.equal((await allFinal(rig.url, 30)).success, 30);
  const { id } = await submit(rig.url, { type: 'quick', payload: {} });
  assert.equal((await getTask(rig.url, id, '?wait=10')).status, 'success');
  await rig.kill();
  const all = new Map([...accepted, [id, '{}']]);
  const { tasks } = await audit({ ...rig, accepted: all, state: 'all final', due: 'at once' });
  assert.deepEqual(new Set(tasks.map(({ attempt }) => attempt)), new Set([1]), 'nothing ran twice');
});

it('outcomes also arrive when the disk was full for longer than a lease, and nothing that had ended runs again', async (t) => {
  const disk = smallDisk(t, 4);
  // Longer than the longest pause between two tries to record an outcome.
  const args = ['--queue-heartbeat-interval', '900ms', '--queue-lease', '2700ms'];
  const rig = await makeRig(t, { args, dataFile: join(disk.path, 'xqueue.db') });
  await rig.start();
  const accepted = await submitMany(rig.url, 30, { type: 'sleepy', payload: { ms: 500 }, max_retry: 0 });
  await running(rig.url, 30);
  disk.fill();
  const ends = async () => readRuns(rig.folder).filter(({ what }) => what === 'end').length;
  await eventually(ends, (n) => n === 30);
  await sleep(4000);
  disk.free();
  assert.equal((await allFinal(rig.url, 30)).success, 30);
  await rig.kill();
  const { tasks } = await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
  const again = tasks.filter(({ attempt }) => attempt !== 1).map(({ id, attempts }) => [id, attempts]);
  assert.deepEqual(again, []);
});

it('a disk that is full now and then under load, and a kill while it is full: nothing is lost', async (t) => {
  await seeded(async (chance) => {
    // Room for the write-ahead log, which grows to 16 MB before it begins anew.
    const disk = smallDisk(t, 40);
    const rig = await makeRig(t, { dataFile: join(disk.path, 'xqueue.db') });
    await rig.start();
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(100), text: 'x'.repeat(chance.below(2000)) } });
    const load = new Load({ t, url: rig.url, chance, next, connections: 4, pauseMs: 30 });
    for (let round = 0; round < 4; round++) {
      await sleep(chance.between(100, 500));
      disk.fill();
      await sleep(chance.between(100, 800));
      const isKilled = round === 2;
      if (isKilled) await rig.kill();
      disk.free();
      if (isKilled) await rig.start();
    }
    await load.stop();
    await allFinal(rig.url, load.accepted.size);
    await rig.kill();
    assert.ok(load.refused > 0, 'the disk really was full');
    const { tasks } = await audit({ ...rig, accepted: load.accepted, state: 'all final', due: 'at once' });
    const bad = tasks.filter(({ status }) => status !== 'success');
    assert.deepEqual(
      bad.map(({ id, status, error }) => [id, status, error]),
      [],
    );
    t.diagnostic(`${tasks.length} tasks, ${load.refused} refusals`);
  });
});

it('a start on a disk that is full is refused in one message; with room again everything is there', async (t) => {
  const disk = smallDisk(t, 4);
  const rig = await makeRig(t, { dataFile: join(disk.path, 'xqueue.db') });
  await rig.start();
  const accepted = await submitMany(rig.url, 10, { type: 'sleepy', payload: { ms: 500 } });
  await running(rig.url, 10);
  disk.fill();
  await rig.kill();
  const { code, err } = await rig.launch().ended;
  assert.equal(code, 4, err);
  assert.match(err, /^embedded\.path: .*disk is full/);
  assert.doesNotMatch(err, /\n\s+at /, 'no stack');
  disk.free();
  await rig.start();
  assert.equal((await allFinal(rig.url, 10)).success, 10);
  await rig.kill();
  await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
});

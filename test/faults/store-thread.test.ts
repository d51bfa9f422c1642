// The store's thread ends although nobody closed it: out of memory, a fault of SQLite or of ours.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { audit } from './audit.ts';
import { submitMany } from './load.ts';
import { allFinal, makeRig, running } from './rig.ts';

it('a node whose store has ended says why and ends at once; the next start takes up what ran', async (t) => {
  const rig = await makeRig(t);
  const node = await rig.start();
  const ran = await submitMany(rig.url, 20, { type: 'second_time_lucky' });
  await running(rig.url, 20);
  // Late enough for its submit to be answered.
  const last = await submitMany(rig.url, 1, { type: 'ends_the_store', delay: 0.5 });
  const { code, err } = await node.ended;
  assert.equal(code, 1, err);
  assert.match(err, /The embedded store stopped: its thread ended with code 1\. The node ends; start it again/);
  await rig.start();
  await allFinal(rig.url, 21);
  await rig.kill();
  await audit({ ...rig, accepted: new Map([...ran, ...last]), state: 'all final', due: 'at once' });
});

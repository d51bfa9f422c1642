// Nodes of a cluster that are taken out of work, one after the other.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventually, getTask, submit } from '../e2e/http.ts';
import { submitMany } from '../faults/load.ts';
import { allFinal, running } from '../faults/rig.ts';
import { audit } from './audit.ts';
import { Cluster, liveNodes } from './cluster.ts';

async function setDrain(url: string, node: string, method: 'POST' | 'DELETE'): Promise<void> {
  const response = await fetch(`${url}/nodes/${node}/drain`, { method });
  assert.equal(response.status, 200, await response.text());
}

const sleepy = { type: 'sleepy', max_retry: 0, payload: { ms: 20 } };

it('a drained node is given nothing, whoever asked for it, and the others do all', { timeout: 180_000 }, async (t) => {
  const cluster = await Cluster.start(t);
  const a = await cluster.node('a');
  const long = await submit(a.url, { ...sleepy, payload: { ms: 1500 } });
  await running(a.url, 1);
  const b = await cluster.node('b');
  await liveNodes(b.url, 2);

  await setDrain(b.url, 'a', 'POST');
  const first = await submitMany(a.url, 20, sleepy);
  await allFinal(b.url, 21);
  await setDrain(a.url, 'a', 'DELETE');
  await setDrain(a.url, 'b', 'POST');
  const second = await submitMany(b.url, 20, sleepy);
  await allFinal(a.url, 41);

  const worked = async (ids: Iterable<string>): Promise<(string | null)[]> => {
    const tasks = await Promise.all(Array.from(ids, (id) => getTask(a.url, id)));
    return [...new Set(tasks.map(({ worker_id }) => worker_id))];
  };
  assert.deepEqual(await worked([long.id]), ['a'], 'what ran went on');
  assert.deepEqual(await worked(first.keys()), ['b']);
  assert.deepEqual(await worked(second.keys()), ['a']);
  const accepted = new Map([[long.id, '{"ms":1500}'], ...first, ...second]);
  await audit(cluster, { accepted, state: 'all final' });
});

it('a node that died while it was drained stays so, one that ended begins anew', { timeout: 180_000 }, async (t) => {
  const cluster = await Cluster.start(t);
  const front = await cluster.server('front');
  const worker = await cluster.worker('w');
  await liveNodes(front.url, 2);
  await setDrain(front.url, 'w', 'POST');
  await worker.kill();
  const again = await cluster.worker('w');
  await liveNodes(front.url, 2);
  const task = await submit(front.url, sleepy);
  assert.equal((await getTask(front.url, task.id, '?wait=1')).status, 'pending');
  await again.stop();
  await cluster.worker('w');
  await eventually(
    () => getTask(front.url, task.id),
    ({ status }) => status === 'success',
  );
});

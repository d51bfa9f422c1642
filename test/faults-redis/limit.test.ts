// One limit for the whole cluster: three nodes, one Redis, one key.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { submitMany } from '../faults/load.ts';
import { allFinal, running } from '../faults/rig.ts';
import { readRuns } from '../faults/runs.ts';
import { audit } from './audit.ts';
import { Cluster, liveNodes } from './cluster.ts';

it('three nodes and a limit of 4: exactly 4 run, never 5, as long as there is work', { timeout: 60_000 }, async (t) => {
  const cluster = await Cluster.start(t);
  const [a, b, c] = await Promise.all([cluster.node('a'), cluster.node('b'), cluster.node('c')]);
  await liveNodes(a.url, 3);
  const keyed = { type: 'sleepy', concurrency_key: 'door', max_concurrency: 4, max_retry: 0 };
  const urls = [a.url, b.url, c.url];
  const parts = await Promise.all(urls.map((url) => submitMany(url, 20, { ...keyed, payload: { ms: 120 } })));
  const accepted = new Map(parts.flatMap((part) => [...part]));
  await running(b.url, 4);
  await allFinal(c.url, 60);

  let now = 0;
  const counts = readRuns(cluster.folder).map(({ what }) => {
    now += what === 'start' ? 1 : -1;
    return now;
  });
  assert.equal(Math.max(...counts), 4, 'never 5');
  const { tasks } = await audit(cluster, { accepted, state: 'all final', due: 'at once' });
  assert.deepEqual([...new Set(tasks.map(({ status, attempt }) => `${status} ${attempt}`))], ['success 1']);
  t.diagnostic(`ran on ${new Set(tasks.map(({ workerId }) => workerId)).size} nodes`);
});

it('a limit set on one node counts on all at once', { timeout: 60_000 }, async (t) => {
  const cluster = await Cluster.start(t);
  const [server, ...workers] = await Promise.all([
    cluster.server('front'),
    cluster.worker('w1'),
    cluster.worker('w2'),
    cluster.worker('w3'),
  ]);
  assert.equal(workers.length, 3);
  await liveNodes(server.url, 4);
  const setLimit = (max: number) =>
    fetch(`${server.url}/concurrency/tenant`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ max_concurrency: max }),
    });
  assert.equal((await setLimit(0)).status, 200);
  const accepted = await submitMany(server.url, 30, {
    type: 'sleepy',
    payload: { ms: 300 },
    concurrency_key: 'tenant',
    max_concurrency: 10,
  });
  assert.equal(readRuns(cluster.folder).length, 0, 'a key with limit 0 is paused');
  await setLimit(2);
  await running(server.url, 2);
  await setLimit(6);
  await running(server.url, 6);
  await allFinal(server.url, 30);
  await audit(cluster, { accepted, state: 'all final', operatorLimits: { tenant: 6 } });
});

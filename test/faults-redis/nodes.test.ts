// Nodes that die, stand still or are told to stop, while others go on: what ran with them runs again elsewhere, nobody
// else notices, and no slot stays behind.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, getTask, submit } from '../e2e/http.ts';
import { Load, submitMany } from '../faults/load.ts';
import { allFinal, countsOf, running, seeded } from '../faults/rig.ts';
import { readRuns } from '../faults/runs.ts';
import { audit } from './audit.ts';
import { Cluster, LEASE_MS, liveNodes } from './cluster.ts';

/** Longest time without a claim while there is room. */
const POLL_MS = 5000;

it('a cancel on one node reaches the handler on another long before its next heartbeat', {
  timeout: 60_000,
}, async (t) => {
  // A heartbeat could bring it as well; here only the signal can be as quick as that.
  const cluster = await Cluster.start(t, { leases: ['--queue-heartbeat-interval', '20s', '--queue-lease', '60s'] });
  const [front, back] = await Promise.all([cluster.server('front'), cluster.worker('back')]);
  const { id } = await submit(front.url, { type: 'sleepy', payload: { ms: 50_000 } });
  await running(front.url, 1);
  const since = performance.now();
  const response = await fetch(`${front.url}/tasks/${id}`, { method: 'DELETE' });
  assert.equal(response.status, 202);
  const task = await getTask(front.url, id, '?wait=15');
  assert.deepEqual([task.status, task.worker_id], ['canceled', 'back']);
  const tookMs = performance.now() - since;
  assert.ok(tookMs < 15_000, `took ${tookMs} ms`);
  t.diagnostic(`it was canceled ${Math.round(tookMs)} ms after the request`);
  assert.deepEqual(
    readRuns(cluster.folder).map(({ what, pid }) => [what, pid]),
    [
      ['start', back.pid],
      ['end', back.pid],
    ],
  );
  await audit(cluster, { accepted: new Map([[id, '{"ms":50000}']]), state: 'all final' });
});

it('kill -9 of one node of three: its 70 tasks run again, nobody else is disturbed', { timeout: 60_000 }, async (t) => {
  const cluster = await Cluster.start(t, { args: ['--queue-max-concurrency', '70'] });
  const [a, b, c] = await Promise.all([cluster.node('a'), cluster.worker('b'), cluster.worker('c')]);
  await liveNodes(a.url, 3);
  const accepted = await submitMany(a.url, 180, { type: 'sleepy', payload: { ms: 4000 }, max_retry: 0 });
  const keyed = { type: 'sleepy', payload: { ms: 4000 }, max_retry: 0, concurrency_key: 'door', max_concurrency: 20 };
  for (const [id, payload] of await submitMany(a.url, 20, keyed)) accepted.set(id, payload);
  await running(a.url, 200);
  const victim = [b, c].find(({ pid }) => readRuns(cluster.folder).some((run) => run.pid === pid)) ?? b;
  const lost = readRuns(cluster.folder).filter(({ pid }) => pid === victim.pid).length;
  await victim.kill();
  const since = performance.now();
  const restarts = () =>
    readRuns(cluster.folder).filter(
      ({ what, pid, attempt }) => what === 'start' && pid !== victim.pid && attempt === 2,
    );
  // Slots of a node may all be taken; what has room is claimed as soon as the leases are over.
  await eventually(
    async () => restarts().length,
    (count) => count > 0,
    // What a busy machine needs comes on top.
    LEASE_MS + POLL_MS + 15_000,
  );
  t.diagnostic(`the first ran again ${Math.round(performance.now() - since)} ms after the kill`);
  const counts = await allFinal(a.url, 200);
  assert.equal(counts.success, 200, JSON.stringify(counts));
  const { tasks } = await audit(cluster, { accepted, state: 'all final', due: 'at once' });
  const again = tasks.filter(({ attempt }) => attempt > 1);
  assert.ok(lost > 0 && again.length === lost, `${lost} ran there, ${again.length} were started again`);
  assert.deepEqual(
    [...new Set(again.map(({ attempts, retry }) => `${attempts.map(({ outcome }) => outcome).join()} ${retry}`))],
    ['lost,success 0'],
    'no retry is spent on it',
  );
  t.diagnostic(`${lost} were lost; all had ended ${Math.round(performance.now() - since)} ms after the kill`);
});

it('a node that stands still past its leases: its late results are refused', { timeout: 60_000 }, async (t) => {
  const cluster = await Cluster.start(t);
  const frozen = await cluster.worker('frozen');
  const front = await cluster.server('front');
  const keyed = { type: 'sleepy', payload: { ms: 1500 }, max_retry: 0, concurrency_key: 'door', max_concurrency: 5 };
  const accepted = await submitMany(front.url, 10, keyed);
  await running(front.url, 5);
  const other = await cluster.worker('other');
  frozen.signal('SIGSTOP');
  const stoppedAt = performance.timeOrigin + performance.now();
  cluster.forget(frozen.pid);
  await allFinal(front.url, 10);
  const first = readRuns(cluster.folder).find(({ pid }) => pid === other.pid);
  assert.ok(
    first !== undefined && first.at - stoppedAt > LEASE_MS / 2,
    'nobody has its slots before its leases are over',
  );
  frozen.signal('SIGCONT');
  // It ends its handlers, tries to record what they did, and takes part again.
  const more = await submitMany(front.url, 200, { type: 'sleepy', payload: { ms: 20 } });
  for (const [id, payload] of more) accepted.set(id, payload);
  await eventually(
    async () => readRuns(cluster.folder).filter(({ pid, what }) => pid === frozen.pid && what === 'end').length,
    (ended) => ended >= 5,
  );
  await allFinal(front.url, 210);
  const { tasks } = await audit(cluster, { accepted, state: 'all final' });
  const again = tasks.filter(({ attempts }) => attempts.length === 2);
  assert.equal(again.length, 5);
  for (const { attempts, workerId } of again) {
    assert.deepEqual(
      attempts.map(({ workerId: of, outcome }) => [of, outcome]),
      [
        ['frozen', 'lost'],
        ['other', 'success'],
      ],
    );
    assert.equal(workerId, 'other');
  }
});

it('a rolling restart under load: no task fails, is lost or starts twice', { timeout: 60_000 }, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t);
    const front = await cluster.server('front');
    await Promise.all([cluster.worker('w0'), cluster.worker('w1'), cluster.worker('w2')]);
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(60) }, max_retry: 0 });
    const load = new Load({ t, url: front.url, chance, connections: 3, pauseMs: 60, next });
    for (const name of ['w0', 'w1', 'w2']) {
      await sleep(300);
      await cluster.members.find((member) => member.name === name)?.stop();
      await cluster.worker(name);
    }
    await load.stop();
    await allFinal(front.url, load.accepted.size);
    const { tasks } = await audit(cluster, { accepted: load.accepted, state: 'all final' });
    const odd = tasks.filter(({ status, attempts }) => status !== 'success' || attempts.length !== 1);
    // Claimed in the very moment of the end: given back before a handler saw it.
    const untouched = odd.filter(({ attempts }) => attempts.every(({ outcome }) => outcome !== 'lost'));
    const starts = readRuns(cluster.folder).filter(({ what }) => what === 'start').length;
    assert.deepEqual([odd.length - untouched.length, starts], [0, tasks.length]);
    t.diagnostic(`${tasks.length} tasks, ${untouched.length} given back before they started`);
  });
});

it('kill -9 of nodes at random under load loses nothing', { timeout: 90_000 }, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t);
    const front = await cluster.server('front');
    for (const name of ['w0', 'w1', 'w2']) await cluster.worker(name);
    const next = () =>
      chance.oneIn(2)
        ? { type: 'sleepy', payload: { ms: chance.below(200) } }
        : {
            type: 'sleepy',
            payload: { ms: chance.below(50) },
            concurrency_key: `user-${chance.below(3)}`,
            max_concurrency: 3,
          };
    const load = new Load({ t, url: front.url, chance, connections: 3, pauseMs: 60, next });
    for (let kill = 0; kill < 4; kill++) {
      await sleep(chance.between(300, 900));
      const name = `w${chance.below(3)}`;
      await cluster.members.find((member) => member.name === name)?.kill();
      await cluster.worker(name);
    }
    await load.stop();
    await allFinal(front.url, load.accepted.size, 30_000);
    const counts = await countsOf(front.url);
    assert.equal(counts.success, load.accepted.size, JSON.stringify(counts));
    const { tasks } = await audit(cluster, { accepted: load.accepted, state: 'all final' });
    const recovered = tasks.filter(({ attempts }) => attempts.some(({ outcome }) => outcome === 'lost')).length;
    t.diagnostic(`${tasks.length} tasks, ${recovered} were running at a kill`);
  });
});

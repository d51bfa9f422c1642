// Redis itself dies, stands still or is full, under load: what was accepted is there afterwards, each task comes to one
// end, and every node works again by itself.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, getTask, post } from '../e2e/http.ts';
import { Load, submitMany } from '../faults/load.ts';
import { allFinal, running, seeded } from '../faults/rig.ts';
import { readRuns } from '../faults/runs.ts';
import { audit } from './audit.ts';
import { Cluster } from './cluster.ts';

const healthOf = async (url: string) => {
  const response = await fetch(`${url}/health`);
  const body = (await response.json()) as { status: string };
  return { code: response.status, retryAfter: response.headers.get('retry-after'), status: body.status };
};

it('Redis is killed and restarted again and again under load: nothing is lost', { timeout: 90_000 }, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t);
    const [a, b] = await Promise.all([cluster.node('a'), cluster.worker('b')]);
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(100) } });
    const load = new Load({ t, url: a.url, chance, connections: 3, pauseMs: 60, next });
    for (let kill = 0; kill < 3; kill++) {
      await sleep(chance.between(500, 1200));
      await cluster.redis.kill();
      assert.equal((await healthOf(a.url)).code, 503);
      await sleep(chance.between(0, 1000));
      await cluster.redis.run();
    }
    await load.stop();
    const counts = await allFinal(a.url, load.accepted.size, 20_000);
    assert.equal(counts.success, load.accepted.size, JSON.stringify(counts));
    assert.ok(load.refused > 0, 'what could not be accepted was refused');
    assert.deepEqual(
      new Set(cluster.members.map(({ pid }) => pid)),
      new Set([a.pid, b.pid]),
      'no node had to be started again',
    );
    const { tasks } = await audit(cluster, { accepted: load.accepted, state: 'all final' });
    t.diagnostic(`${tasks.length} tasks, ${load.refused} refusals, ${load.inDoubt} calls without an answer`);
  });
});

/** How long Redis stays away: `TEST_DOWN_MS=60000` for a minute. */
const DOWN_MS = Number(process.env['TEST_DOWN_MS'] ?? 1000);

it('while Redis is away: 503 with Retry-After, and outcomes are recorded when it is back', {
  timeout: 60_000 + 2 * DOWN_MS,
}, async (t) => {
  const leaseMs = 15_000 + 2 * DOWN_MS;
  const leases = ['--queue-heartbeat-interval', `${leaseMs / 3}ms`, '--queue-lease', `${leaseMs}ms`];
  const cluster = await Cluster.start(t, { leases });
  const a = await cluster.node('a');
  const accepted = await submitMany(a.url, 20, { type: 'sleepy', payload: { ms: 1000 }, max_retry: 0 });
  await running(a.url, 20);
  assert.deepEqual(await healthOf(a.url), { code: 200, retryAfter: null, status: 'degraded' });
  await cluster.redis.kill();
  const refused = await post(`${a.url}/tasks`, '{"type":"quick"}');
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
  assert.equal(((await refused.json()) as { code: string }).code, 'store_unavailable');
  assert.deepEqual(await healthOf(a.url), { code: 503, retryAfter: '1', status: 'unavailable' });
  // All handlers end while there is nobody to tell.
  await eventually(
    async () => readRuns(cluster.folder).filter(({ what }) => what === 'end').length,
    (ended) => ended === 20,
  );
  await sleep(DOWN_MS);
  await cluster.redis.run();
  const since = performance.now();
  await eventually(
    () => healthOf(a.url).catch(() => null),
    (health) => health?.code === 200,
  );
  t.diagnostic(`served again ${Math.round(performance.now() - since)} ms after Redis was back`);
  const counts = await allFinal(a.url, 20);
  assert.equal(counts.success, 20);
  const { tasks } = await audit(cluster, { accepted, state: 'all final', due: 'at once' });
  assert.deepEqual([...new Set(tasks.map(({ attempt }) => attempt))], [1], 'nothing ran twice');
});

it('Redis is away under load: every node takes part again by itself, and nothing is lost', {
  timeout: 120_000 + 2 * DOWN_MS,
}, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t);
    const [a, b, idle] = await Promise.all([cluster.node('a'), cluster.worker('b'), cluster.node('idle')]);
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(100) } });
    const load = new Load({ t, url: a.url, chance, connections: 3, pauseMs: 60, next });
    await eventually(
      () => Promise.resolve(load.accepted.size),
      (count) => count > 20,
    );
    await cluster.redis.kill();
    await sleep(DOWN_MS);
    await cluster.redis.run();
    const since = performance.now();
    const before = readRuns(cluster.folder).length;
    const back = new Set<number>();
    await eventually(
      async () => {
        for (const { what, pid } of readRuns(cluster.folder).slice(before)) if (what === 'start') back.add(pid);
        return back.size;
      },
      (count) => count === 3,
    );
    t.diagnostic(`all three nodes started handlers within ${Math.round(performance.now() - since)} ms`);
    await load.stop();
    const counts = await allFinal(idle.url, load.accepted.size, 30_000);
    assert.equal(counts.success, load.accepted.size, JSON.stringify(counts));
    assert.ok(load.refused > 0, 'what could not be accepted was refused');
    const pids = new Set([a, b, idle].map(({ pid }) => pid));
    assert.deepEqual(new Set(cluster.members.map(({ pid }) => pid)), pids, 'no node had to be started again');
    await audit(cluster, { accepted: load.accepted, state: 'all final' });
  });
});

it('Redis stands still for longer than leases and calls: work goes on by itself', { timeout: 90_000 }, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t);
    const [a] = await Promise.all([cluster.node('a'), cluster.worker('b')]);
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(300) } });
    const load = new Load({ t, url: a.url, chance, connections: 3, pauseMs: 60, next });
    await sleep(1000);
    cluster.redis.pause();
    await sleep(Number(process.env['TEST_PAUSE_MS'] ?? 6000));
    cluster.redis.resume();
    const since = performance.now();
    const before = readRuns(cluster.folder).length;
    await eventually(
      async () => readRuns(cluster.folder).length,
      (count) => count > before + 2,
    );
    t.diagnostic(`handlers started again ${Math.round(performance.now() - since)} ms after the pause`);
    await load.stop();
    const counts = await allFinal(a.url, load.accepted.size);
    assert.equal(counts.success, load.accepted.size, JSON.stringify(counts));
    // Its leases outlived the pause in the store and not on the nodes: some ran twice at once, as they may then.
    await audit(cluster, { accepted: load.accepted, state: 'all final' });
  });
});

it('Redis is full: submits are refused, what runs ends, and all goes on when there is room', {
  timeout: 60_000,
}, async (t) => {
  const cluster = await Cluster.start(t);
  const [a] = await Promise.all([cluster.node('a'), cluster.worker('b')]);
  const accepted = await submitMany(a.url, 40, { type: 'reporting', payload: { ms: 2500 }, max_retry: 0 });
  await running(a.url, 40);
  await cluster.redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
  const refused = await post(`${a.url}/tasks`, '{"type":"quick"}');
  assert.equal(refused.status, 503);
  assert.match(((await refused.json()) as { detail: string }).detail, /out of memory/);
  await eventually(
    async () => (await Promise.all([...accepted.keys()].map((id) => getTask(a.url, id)))).map(({ status }) => status),
    (statuses) => statuses.every((status) => status === 'success'),
  );
  await cluster.redis.command('CONFIG', 'SET', 'maxmemory', '0');
  const more = await submitMany(a.url, 20, { type: 'quick' });
  for (const [id, payload] of more) accepted.set(id, payload);
  await allFinal(a.url, 60);
  const { tasks } = await audit(cluster, { accepted, state: 'all final', due: 'at once' });
  assert.deepEqual([...new Set(tasks.map(({ status, attempt }) => `${status} ${attempt}`))], ['success 1']);
});

it('SCRIPT FLUSH and FUNCTION FLUSH in the middle of the work are not noticed', { timeout: 60_000 }, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t);
    const a = await cluster.node('a');
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(30) }, max_retry: 0 });
    const load = new Load({ t, url: a.url, chance, connections: 2, pauseMs: 40, next });
    for (let flush = 0; flush < 20; flush++) {
      await sleep(50);
      await cluster.redis.command('SCRIPT', 'FLUSH');
      await cluster.redis.command('FUNCTION', 'FLUSH');
    }
    await load.stop();
    const counts = await allFinal(a.url, load.accepted.size);
    assert.deepEqual([counts.success, load.refused, load.inDoubt], [load.accepted.size, 0, 0]);
    await audit(cluster, { accepted: load.accepted, state: 'all final' });
  });
});

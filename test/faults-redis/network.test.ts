// The way to Redis is bad: slow, loses answers, falls silent. A call whose answer was lost is sent again, and has the
// effect of one.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../e2e/http.ts';
import { Load } from '../faults/load.ts';
import { allFinal, seeded } from '../faults/rig.ts';
import { readRuns } from '../faults/runs.ts';
import { audit } from './audit.ts';
import { Cluster } from './cluster.ts';

/** Long enough that no lease ends in these faults: then nothing may start twice. */
const LONG_LEASE = ['--queue-heartbeat-interval', '5s', '--queue-lease', '30s'];

it('every tenth answer of Redis is lost: each task is kept, and none starts twice', { timeout: 90_000 }, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t, { through: 'proxy', leases: LONG_LEASE });
    const [a] = await Promise.all([cluster.node('a'), cluster.worker('b')]);
    const next = () =>
      chance.oneIn(2)
        ? { type: 'reporting', payload: { ms: chance.below(50) }, max_retry: 0 }
        : { type: 'quick', max_retry: 0, concurrency_key: `k${chance.below(3)}`, max_concurrency: 2 };
    const load = new Load({ t, url: a.url, chance, connections: 3, pauseMs: 40, next });
    cluster.proxy.loseOneIn = 10;
    await sleep(5000);
    cluster.proxy.loseOneIn = 0;
    await load.stop();
    const counts = await allFinal(a.url, load.accepted.size, 40_000);
    assert.equal(counts.success, load.accepted.size, JSON.stringify(counts));
    const { tasks } = await audit(cluster, { accepted: load.accepted, state: 'all final' });
    const starts = readRuns(cluster.folder).filter(({ what }) => what === 'start').length;
    assert.equal(starts, tasks.length, 'nothing was started twice');
    assert.ok(cluster.proxy.lost > 20, `${cluster.proxy.lost} answers were lost`);
    t.diagnostic(`${tasks.length} tasks, ${cluster.proxy.lost} answers lost, ${load.refused} submits refused`);
  });
});

it('Redis is 200 ms away: slower, and nothing else', { timeout: 60_000 }, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t, { through: 'proxy', leases: LONG_LEASE });
    const a = await cluster.node('a');
    cluster.proxy.delayMs = 100;
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(100) }, max_retry: 0 });
    const load = new Load({ t, url: a.url, chance, connections: 3, pauseMs: 60, next });
    await sleep(3000);
    await load.stop();
    const counts = await allFinal(a.url, load.accepted.size);
    assert.deepEqual([counts.success, load.refused], [load.accepted.size, 0]);
    await audit(cluster, { accepted: load.accepted, state: 'all final' });
  });
});

it('the way to Redis falls silent without closing: every node claims again by itself after', {
  timeout: 90_000,
}, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t, { through: 'proxy', leases: LONG_LEASE });
    const [a, b] = await Promise.all([cluster.node('a'), cluster.worker('b')]);
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(100) }, max_retry: 0 });
    const load = new Load({ t, url: a.url, chance, connections: 4, pauseMs: 60, next });
    await sleep(800);
    cluster.proxy.fallSilent();
    await sleep(7000);
    const before = readRuns(cluster.folder).length;
    const since = performance.now();
    // What was under way is gone for good, as when a router forgets its connections.
    cluster.proxy.cut();
    cluster.proxy.speakAgain();
    await eventually(
      async () =>
        new Set(
          readRuns(cluster.folder)
            .slice(before)
            .map(({ pid }) => pid),
        ),
      (pids) => pids.has(a.pid) && pids.has(b.pid),
    );
    t.diagnostic(`both started handlers ${Math.round(performance.now() - since)} ms after`);
    await load.stop();
    const counts = await allFinal(a.url, load.accepted.size);
    assert.equal(counts.success, load.accepted.size, JSON.stringify(counts));
    await audit(cluster, { accepted: load.accepted, state: 'all final' });
  });
});

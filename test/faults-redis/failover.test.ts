// The master dies under load and Sentinel promotes its replica: nodes follow by themselves. What was replicated is there and
// comes to one end; what was accepted and not replicated yet is lost with the old master, as the guide says.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../e2e/http.ts';
import { Load } from '../faults/load.ts';
import { allFinal, seeded } from '../faults/rig.ts';
import { audit } from './audit.ts';
import { Cluster } from './cluster.ts';

async function isThere(url: string, id: string): Promise<boolean> {
  const response = await fetch(`${url}/tasks/${id}`);
  await response.arrayBuffer();
  assert.ok(response.status === 200 || response.status === 404, `${response.status}`);
  return response.status === 200;
}

it('a failover by Sentinel under load: what was replicated is kept, all goes on by itself', {
  timeout: 180_000,
}, async (t) => {
  await seeded(async (chance) => {
    const cluster = await Cluster.start(t, { through: 'sentinel' });
    const [a, b] = await Promise.all([cluster.node('a'), cluster.worker('b')]);
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(100) } });
    const load = new Load({ t, url: a.url, chance, connections: 3, pauseMs: 60, next });
    await eventually(
      () => Promise.resolve(load.accepted.size),
      (count) => count > 30,
    );
    const safe = [...load.accepted.keys()];
    await cluster.redis.command('WAIT', '1', '20000');
    await sleep(chance.below(500));
    await cluster.failOver();
    const before = load.accepted.size;
    await eventually(
      () => Promise.resolve(load.accepted.size),
      (count) => count > before + 10,
      30_000,
    );
    await load.stop();

    const kept = new Map<string, string>();
    for (const [id, payload] of load.accepted) if (await isThere(a.url, id)) kept.set(id, payload);
    assert.deepEqual(
      safe.filter((id) => !kept.has(id)),
      [],
      'what the replica had',
    );
    const lost = load.accepted.size - kept.size;
    assert.ok(load.refused > 0, 'what could not be accepted was refused');
    assert.deepEqual(new Set(cluster.members.map(({ pid }) => pid)), new Set([a.pid, b.pid]), 'nobody was restarted');
    const counts = await allFinal(a.url, kept.size);
    assert.equal(counts.success, kept.size, JSON.stringify(counts));
    // A handler whose end was not replicated runs once more: what handlers say is not what this store knows.
    await audit(cluster, { accepted: kept, state: 'all final', runs: 'not noted' });
    t.diagnostic(`${kept.size} tasks, ${lost} accepted and not replicated, ${load.refused} refused`);
  });
});

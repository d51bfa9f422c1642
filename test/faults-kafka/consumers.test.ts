// Who reads the topic changes all the time, while nodes and other programs write to it, among it what is no task: each task is there
// once and runs once. `TEST_MINUTES=5` goes on for longer.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../e2e/http.ts';
import { Load } from '../faults/load.ts';
import { allFinal, seeded } from '../faults/rig.ts';
import { longMs } from '../long-run.ts';
import { auditWithLog } from './audit.ts';
import { makeScene } from './scene.ts';

/** How long a consumer stays. */
const STAYS_MS = 5000;
const UNREADABLE = [
  '',
  'no JSON',
  '[]',
  '{"type":"quick","payload":{},"maxretry":1}',
  '{"type":""}',
  'null',
  '{"type":1',
];

it('consumers join and leave every 5 s under load, between records that nobody can read', {
  timeout: longMs(0) + 240_000,
}, async (t) => {
  await seeded(async (chance) => {
    const scene = await makeScene(t);
    const { cluster } = scene;
    const front = await cluster.node('front');
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(20) }, max_retry: 0 });
    const load = new Load({ t, url: front.url, chance, connections: 2, pauseMs: 80, next });
    let produced = 0;
    let unreadable = 0;
    const until = performance.now() + longMs(12_000);
    const produceOn = async (): Promise<void> => {
      while (performance.now() < until) {
        const bodies = Array.from({ length: chance.between(1, 20) }, () =>
          chance.oneIn(5) ? chance.pick(UNREADABLE) : `{"type":"quick","payload":{"from":${++produced}},"max_retry":0}`,
        );
        unreadable += bodies.filter((body) => UNREADABLE.includes(body)).length;
        await scene.produce(bodies);
        await sleep(chance.below(200));
      }
    };
    const producing = produceOn();
    let joined = 0;
    while (performance.now() < until) {
      const member = await cluster.worker(`c${++joined}`);
      await sleep(STAYS_MS * (0.5 + chance.below(1000) / 1000));
      await member.stop();
    }
    await producing;
    await load.stop();
    const { success } = await allFinal(front.url, load.accepted.size + produced, 60_000);
    assert.equal(success, load.accepted.size + produced);
    await eventually(
      async () => (await scene.records('rejected')).length,
      (count) => count >= unreadable,
      30_000,
    );
    for (const { headers } of await scene.records('rejected')) assert.notEqual(headers['xqueue-reason'] ?? '', '');
    const { tasks } = await auditWithLog(scene, { accepted: load.accepted, state: 'all final', others: 'some' });
    assert.deepEqual(
      [...new Set(tasks.map(({ attempts }) => attempts.filter(({ outcome }) => outcome === 'success').length))],
      [1],
    );
    t.diagnostic(
      `${joined} came and went; ${load.accepted.size} tasks by HTTP, ${produced} by records, ${unreadable} unreadable`,
    );
  });
});

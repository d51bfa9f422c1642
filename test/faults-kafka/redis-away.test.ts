// Redis is away while clients submit: with Kafka each task is accepted all the same, and appears when Redis is back.
// `TEST_MINUTES=1` keeps it away for longer.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, post, type Task } from '../e2e/http.ts';
import { submitMany } from '../faults/load.ts';
import { allFinal } from '../faults/rig.ts';
import { longMs } from '../long-run.ts';
import { auditWithLog } from './audit.ts';
import { makeScene } from './scene.ts';

it('submits while Redis is down are answered with 202, and all of them run when it is back', {
  timeout: longMs(0) + 180_000,
}, async (t) => {
  const scene = await makeScene(t);
  const { cluster } = scene;
  const [a] = await Promise.all([cluster.node('a'), cluster.worker('w')]);
  const accepted = await submitMany(a.url, 20, { type: 'quick' });
  await allFinal(a.url, accepted.size);
  await cluster.redis.kill();
  const until = performance.now() + longMs(4000);
  const answers = new Map<number, number>();
  for (let n = 0; performance.now() < until; n++) {
    const payload = JSON.stringify({ n });
    const response = await post(`${a.url}/tasks`, `{"type":"quick","payload":${payload},"max_retry":0}`);
    answers.set(response.status, (answers.get(response.status) ?? 0) + 1);
    assert.equal(response.status, 202, await response.clone().text());
    assert.equal(response.headers.get('xqueue-durability'), 'kafka');
    const task = (await response.json()) as Task;
    assert.equal(task.status, 'pending');
    accepted.set(task.id, payload);
    await sleep(10);
  }
  await cluster.redis.run();
  await eventually(
    async () => (await fetch(`${a.url}/stats`)).status,
    (status) => status === 200,
    30_000,
  );
  const { success } = await allFinal(a.url, accepted.size, 60_000);
  assert.equal(success, accepted.size);
  const { tasks } = await auditWithLog(scene, { accepted, state: 'all final' });
  assert.deepEqual([...new Set(tasks.map(({ attempt }) => attempt))], [1], 'nothing ran twice');
  t.diagnostic(`${answers.get(202)} answers with 202`);
});

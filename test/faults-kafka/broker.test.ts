// Kafka itself dies or stands still while clients submit: what was accepted is there and runs once, what could not be accepted was
// refused, and tasks that were accepted before are not held up.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, post } from '../e2e/http.ts';
import { Load, submitMany } from '../faults/load.ts';
import { allFinal, countsOf, seeded } from '../faults/rig.ts';
import { auditWithLog } from './audit.ts';
import { makeScene } from './scene.ts';

const healthOf = async (url: string) => {
  const response = await fetch(`${url}/health`);
  const { status, components } = (await response.json()) as {
    status: string;
    components: { kafka: { status: string } };
  };
  return { code: response.status, status, kafka: components.kafka.status };
};

it('Kafka is killed and restarted again and again under load: nothing is lost, nothing runs twice', {
  timeout: 180_000,
}, async (t) => {
  await seeded(async (chance) => {
    const scene = await makeScene(t);
    const { cluster, kafka } = scene;
    const [a] = await Promise.all([cluster.node('a'), cluster.worker('w')]);
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(50) }, max_retry: 0 });
    const load = new Load({ t, url: a.url, chance, connections: 3, pauseMs: 60, next });
    for (let kill = 0; kill < 2; kill++) {
      await sleep(chance.between(500, 1500));
      await kafka.kill();
      await sleep(chance.between(0, 1000));
      await kafka.run();
      const before = load.accepted.size;
      await eventually(
        async () => load.accepted.size,
        (now) => now > before,
        60_000,
      );
    }
    await load.stop();
    const { success } = await allFinal(a.url, load.accepted.size, 60_000);
    // A record whose acknowledgement got lost makes a task that nobody was told of.
    assert.ok(success >= load.accepted.size);
    const { tasks } = await auditWithLog(scene, { accepted: load.accepted, state: 'all final', others: 'some' });
    assert.deepEqual([...new Set(tasks.map(({ status, attempt }) => `${status} ${attempt}`))], ['success 1']);
    t.diagnostic(`${tasks.length} tasks, ${load.accepted.size} promised, ${load.refused} refusals`);
  });
});

it('while Kafka is away: 503 with Retry-After, work goes on, /health says so, and all is well when it is back', {
  timeout: 180_000,
}, async (t) => {
  const scene = await makeScene(t, { args: ['--kafka-delivery-timeout', '6s'] });
  const { cluster, kafka } = scene;
  const a = await cluster.node('a');
  const accepted = await submitMany(a.url, 400, { type: 'sleepy', payload: { ms: 1000 }, max_retry: 0 });
  await kafka.kill();
  const refused = await post(`${a.url}/tasks`, '{"type":"quick"}');
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
  assert.equal(((await refused.json()) as { code: string }).code, 'log_unavailable');
  await eventually(
    () => healthOf(a.url),
    (health) => health.kafka === 'down' && health.status === 'degraded' && health.code === 200,
    30_000,
  );
  const { success } = await allFinal(a.url, accepted.size, 60_000);
  assert.equal(success, accepted.size, 'what had been accepted runs to its end without Kafka');
  await kafka.run();
  await eventually(
    async () => (await post(`${a.url}/tasks`, '{"type":"quick"}')).status,
    (status) => status === 201,
    60_000,
  );
  await eventually(
    () => healthOf(a.url),
    (health) => health.kafka === 'ok',
    60_000,
  );
  for (const [id, payload] of await submitMany(a.url, 20, { type: 'quick' })) accepted.set(id, payload);
  const total = (await countsOf(a.url)).total;
  await allFinal(a.url, total, 30_000);
  const { tasks } = await auditWithLog(scene, { accepted, state: 'all final', others: 'some' });
  assert.deepEqual([...new Set(tasks.map(({ status, attempt }) => `${status} ${attempt}`))], ['success 1']);
});

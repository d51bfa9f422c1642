// A node dies between Kafka's answer and the store's, before or after the store has the task: each task is there once, and runs once.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventually, post } from '../e2e/http.ts';
import { allFinal } from '../faults/rig.ts';
import { auditWithLog } from './audit.ts';
import { makeScene, type Scene } from './scene.ts';

const TASKS = 50;

const submitOne = (url: string, n: number): Promise<Response> =>
  post(`${url}/tasks`, JSON.stringify({ type: 'quick', payload: { n }, max_retry: 0 }));

/** Calls whose answer is never awaited: their node will not live to give it. */
function submitForgotten(url: string): void {
  for (let n = 1; n < TASKS; n++) submitOne(url, n).catch(() => undefined);
}

const waiting = async ({ cluster }: Scene): Promise<number> =>
  Number(await cluster.redis.command('HGET', '{xqueue:0}:n', '0quick'));

/** The first node is gone without a word: its successor does not wait until Kafka has noticed. */
async function successorEndsAll(scene: Scene): Promise<void> {
  const b = await scene.cluster.node('b', '--kafka-group-id', 'successors');
  const { success } = await allFinal(b.url, TASKS, 60_000);
  assert.equal(success, TASKS);
  const { tasks } = await auditWithLog(scene, { accepted: new Map(), state: 'all final', others: 'some' });
  assert.deepEqual([...new Set(tasks.map(({ attempt }) => attempt))], [1]);
  const numbers = tasks.map(({ payload }) => (JSON.parse(payload) as { n: number }).n).sort((x, y) => x - y);
  assert.deepEqual(
    numbers,
    Array.from({ length: TASKS }, (_, n) => n),
  );
}

it('killed when Kafka has the tasks and the store has not', { timeout: 180_000 }, async (t) => {
  const scene = await makeScene(t, { through: 'proxy' });
  const { cluster } = scene;
  const a = await cluster.server('a');
  assert.equal((await submitOne(a.url, 0)).status, 201);
  cluster.proxy.fallSilent();
  submitForgotten(a.url);
  await eventually(
    () => scene.records('tasks'),
    (records) => records.length === TASKS,
    30_000,
  );
  await a.kill();
  cluster.proxy.cut();
  cluster.proxy.speakAgain();
  assert.equal(await waiting(scene), 1, 'the store has none of them');
  await successorEndsAll(scene);
});

it('killed when the store has the tasks as well, and nobody was told', { timeout: 180_000 }, async (t) => {
  const scene = await makeScene(t, { through: 'proxy' });
  const { cluster } = scene;
  const a = await cluster.server('a');
  assert.equal((await submitOne(a.url, 0)).status, 201);
  cluster.proxy.fallSilent('answers');
  submitForgotten(a.url);
  await eventually(
    () => waiting(scene),
    (count) => count > 1,
    30_000,
  );
  await eventually(
    () => scene.records('tasks'),
    (records) => records.length === TASKS,
    30_000,
  );
  await a.kill();
  cluster.proxy.speakAgain();
  cluster.proxy.cut();
  await successorEndsAll(scene);
});

// Redis loses everything in the middle of the work. What Kafka has brings every task back: what is known to have ended does not
// run again, the rest ends.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isFinal } from '../../src/domain/task.ts';
import type { RebuildReport } from '../../src/engine/log/rebuild.ts';
import { eventually } from '../e2e/http.ts';
import { submitMany } from '../faults/load.ts';
import { allFinal, countsOf } from '../faults/rig.ts';
import { readRuns } from '../faults/runs.ts';
import { liveNodes } from '../faults-redis/cluster.ts';
import { auditWithLog } from './audit.ts';
import { makeScene, type Scene } from './scene.ts';

const TASKS = 10_000;

const kafkaDetail = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/health`);
  return ((await response.json()) as { components: { kafka: { detail: string } } }).components.kafka.detail;
};

const reportOf = async (scene: Scene, ...args: string[]): Promise<RebuildReport & { seconds: number }> => {
  const { code, out, err } = await scene.rebuild('-o', 'json', ...args).ended;
  assert.equal(code, 0, err);
  return JSON.parse(out) as RebuildReport & { seconds: number };
};

/** It is killed as soon as something is back. */
async function killHalfWay(scene: Scene): Promise<void> {
  const accepted = async () => Number(await scene.cluster.redis.command('STRLEN', '{xqueue:0}:ids:2'));
  const rebuild = scene.rebuild('--while-nodes-run');
  await eventually(accepted, (bytes) => bytes > 0, 60_000);
  rebuild.signal('SIGKILL');
  await rebuild.ended;
}

function idsOfEnded(changes: Awaited<ReturnType<Scene['lastChanges']>>): string[] {
  return [...changes.values()].filter(({ status }) => isFinal(status)).map(({ taskId }) => taskId);
}

function startsByTask(folder: string): Map<string, number> {
  const starts = new Map<string, number>();
  for (const { what, taskId } of readRuns(folder)) {
    if (what === 'start') starts.set(taskId, (starts.get(taskId) ?? 0) + 1);
  }
  return starts;
}

it('FLUSHALL in the middle of 10,000 tasks: nothing is missing, what had ended does not run again, the rest ends', {
  timeout: 240_000,
}, async (t) => {
  const scene = await makeScene(t, { args: ['--queue-max-concurrency', '20'] });
  const { cluster } = scene;
  const [a] = await Promise.all([cluster.node('a'), cluster.worker('w')]);
  const accepted = await submitMany(a.url, TASKS, { type: 'sleepy', payload: { ms: 15 } });
  await eventually(
    () => countsOf(a.url),
    ({ success }) => success > TASKS / 5,
    60_000,
  );
  const endedBefore = idsOfEnded(await scene.lastChanges());
  await cluster.redis.command('FLUSHALL');
  const since = readRuns(cluster.folder).length;
  t.diagnostic(`emptied after ${since} notes of handlers`);
  // What is accepted now is in Kafka and in the empty Redis.
  const late = await submitMany(a.url, 20, { type: 'quick' });
  for (const [id, payload] of late) accepted.set(id, payload);
  await eventually(
    () => kafkaDetail(a.url),
    (detail) => /run xqueue rebuild/.test(detail),
    60_000,
  );
  // Nodes are known again when they have been heard of.
  await liveNodes(a.url, 2);
  const refused = await scene.rebuild().ended;
  assert.equal(refused.code, 6, refused.out);
  assert.match(refused.err, /Nodes are running \((a|w), (a|w)\)/);
  await cluster.killAll();

  const ended = idsOfEnded(await scene.lastChanges());
  const before = startsByTask(cluster.folder);
  const dry = await reportOf(scene, '--dry-run', '--while-nodes-run');
  assert.deepEqual([dry.accepted, dry.final], [accepted.size, ended.length]);
  assert.equal(dry.restored + dry.there + dry.corrected, accepted.size);
  await killHalfWay(scene);
  const report = await reportOf(scene, '--while-nodes-run');
  t.diagnostic(`${report.there} of ${accepted.size} were there when the first rebuild was killed`);
  const { restored, there, seconds: _, ...rest } = report;
  assert.deepEqual({ ...dry, ...rest }, dry, 'a dry run says what the run does');
  assert.equal(restored + there, accepted.size);
  assert.equal(report.pending + report.final, accepted.size);
  const again = await reportOf(scene, '--while-nodes-run');
  assert.deepEqual([again.restored, again.corrected, again.there], [0, 0, accepted.size]);

  const [b] = await Promise.all([cluster.node('b'), cluster.worker('w')]);
  const { success } = await allFinal(b.url, accepted.size, 120_000);
  assert.equal(success, accepted.size);
  const after = startsByTask(cluster.folder);
  const ranTwice = endedBefore.filter((id) => after.get(id) !== 1);
  assert.deepEqual(ranTwice, [], 'tasks that Kafka knew as ended when Redis was emptied');
  const ranAgain = ended.filter((id) => (after.get(id) ?? 0) !== (before.get(id) ?? 0));
  assert.deepEqual(ranAgain, [], 'tasks that Kafka knew as ended when they were brought back');
  const twice = [...after.values()].filter((times) => times > 1).length;
  t.diagnostic(
    `${ended.length} had ended, ${twice} started twice, rebuilt at ${Math.round(accepted.size / report.seconds)} tasks/s`,
  );
  await auditWithLog(scene, { accepted, state: 'all final', runs: 'not noted', log: 'rebuilt' });
});

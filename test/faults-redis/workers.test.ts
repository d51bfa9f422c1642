// Handlers and nodes that misbehave, on Redis: the same scenarios as on the embedded store, where leases are kept over the
// network and others are there to take over.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import { aSubmission, SETTINGS } from '../conformance/builders.ts';
import { getTask } from '../e2e/http.ts';
import { launch } from '../e2e/node-process.ts';
import { submitMany } from '../faults/load.ts';
import { allFinal, running } from '../faults/rig.ts';
import { readRuns } from '../faults/runs.ts';
import { audit } from './audit.ts';
import { Cluster, LEASE_MS, liveNodes } from './cluster.ts';

it('a handler that ends its process: tried again max_recoveries times on other nodes, then worker_lost', {
  timeout: 120_000,
}, async (t) => {
  const cluster = await Cluster.start(t, { args: ['--queue-max-recoveries', '2'] });
  const front = await cluster.server('front');
  const victims = await Promise.all(['w0', 'w1', 'w2'].map((name) => cluster.worker(name)));
  for (const victim of victims) void victim.ended.then(() => cluster.forget(victim.pid));
  await liveNodes(front.url, 4);
  const accepted = await submitMany(front.url, 1, { type: 'deadly', max_retry: 5 });
  const [id = ''] = accepted.keys();
  for (const victim of victims) assert.equal((await victim.ended).code, 3);
  await cluster.worker('w3');
  for (const [other, payload] of await submitMany(front.url, 20, { type: 'quick' })) accepted.set(other, payload);
  const task = await getTask(front.url, id, '?wait=30');
  assert.deepEqual(
    [task.status, task.error_code, task.retry, task.attempts.map(({ outcome }) => outcome)],
    ['failed', 'worker_lost', 0, ['lost', 'lost', 'lost']],
  );
  const counts = await allFinal(front.url, 21, 30_000);
  assert.equal(counts.success, 20, JSON.stringify(counts));
  await audit(cluster, { accepted, state: 'all final' });
  assert.equal(readRuns(cluster.folder).filter(({ taskId }) => taskId === id).length, 3, 'started three times');
});

it('a handler that blocks its thread for twice the lease succeeds, once; its neighbours lose nothing', {
  timeout: 90_000,
}, async (t) => {
  const cluster = await Cluster.start(t);
  const [front] = await Promise.all([cluster.server('front'), cluster.worker('w')]);
  const accepted = await submitMany(front.url, 5, { type: 'sleepy', payload: { ms: 3 * LEASE_MS }, max_retry: 0 });
  await running(front.url, 5);
  const blocking = { type: 'blocking', payload: { ms: 2 * LEASE_MS }, max_retry: 0 };
  for (const [id, payload] of await submitMany(front.url, 1, blocking)) accepted.set(id, payload);
  assert.equal((await allFinal(front.url, 6, 30_000)).success, 6);
  const { tasks } = await audit(cluster, { accepted, state: 'all final', due: 'at once' });
  assert.deepEqual(new Set(tasks.map(({ attempt }) => attempt)), new Set([1]));
});

it('a handler that ignores its process timeout keeps the key until it ends, whoever waits for it', {
  timeout: 90_000,
}, async (t) => {
  const cluster = await Cluster.start(t, {
    args: ['--queue-cancel-grace', '3s'],
    leases: ['--queue-heartbeat-interval', '2s', '--queue-lease', '10s'],
  });
  const [front] = await Promise.all([cluster.server('front'), cluster.worker('w0'), cluster.worker('w1')]);
  const limited = { concurrency_key: 'one', max_concurrency: 1, max_retry: 0 };
  const deaf = { type: 'deaf', payload: { ms: 1500 }, process_timeout: 0.3, ...limited };
  const accepted = new Map([
    ...(await submitMany(front.url, 1, deaf)),
    ...(await submitMany(front.url, 1, { type: 'quick', ...limited })),
  ]);
  const [timedOut = '', next = ''] = accepted.keys();
  assert.equal((await getTask(front.url, timedOut, '?wait=30')).error_code, 'process_timeout');
  assert.equal((await getTask(front.url, next, '?wait=30')).status, 'success');
  await audit(cluster, { accepted, state: 'all final', due: 'at once' });
  const order = readRuns(cluster.folder).map(({ what, taskId }) => `${what} ${taskId === next ? 'next' : 'deaf'}`);
  assert.deepEqual(order, ['start deaf', 'end deaf', 'start next', 'end next']);
});

it('a node dies right before and right after each kind of call between claim and outcome', {
  timeout: 180_000,
}, async (t) => {
  const cluster = await Cluster.start(t);
  const { redis, folder } = cluster;
  const program = new URL('../faults/crash-node.ts', import.meta.url).pathname;
  const address = `redis://${redis.host}:${redis.port}`;
  const store = await openRedisStore({ addr: redis.addr, settings: SETTINGS, clock: systemClock });
  const accepted = new Map<string, string>();
  for (const method of [
    'reportNode',
    'claim',
    'heartbeat',
    'progress',
    'settle',
    'release',
    'lostLeases',
    'sweepTimers',
  ]) {
    for (const when of ['before', 'after']) {
      const batch = [
        ...Array.from({ length: 3 }, () => aSubmission({ type: 'quick', key: 'k', max: 2 })),
        ...Array.from({ length: 3 }, () => aSubmission({ type: 'reporting', payload: '{"ms":120}' })),
        aSubmission({ type: 'deaf', payload: '{"ms":300}', processTimeoutMs: 50, maxRetry: 0 }),
        aSubmission({ type: 'quick', due: { afterMs: 100 } }),
      ];
      await store.submit(batch);
      for (const { spec } of batch) accepted.set(spec.id, spec.payload);
      const node = launch(folder, [program, address, method, when]);
      const { signal, err } = await node.ended;
      cluster.forget(node.pid);
      assert.equal(signal, 'SIGKILL', `it called ${method}: ${err}`);
    }
  }
  await store.close();
  const { code, err } = await launch(folder, [program, address]).ended;
  assert.equal(code, 0, err);
  const { tasks } = await audit(cluster, { accepted, state: 'all final' });
  const failed = tasks.filter(({ status }) => status !== 'success');
  assert.ok(
    failed.every(({ type, errorCode }) => type === 'deaf' && errorCode === 'process_timeout'),
    'nothing fails but what must',
  );
});

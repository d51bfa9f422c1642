// Handlers that do what handlers must not: end the process, block the thread, never stop, return and throw nonsense.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventually, getTask, submit } from '../e2e/http.ts';
import { audit } from './audit.ts';
import { submitMany } from './load.ts';
import { allFinal, makeRig, running } from './rig.ts';
import { readRuns } from './runs.ts';

const SHORT_LEASE = ['--queue-heartbeat-interval', '300ms', '--queue-lease', '900ms'];

it('a handler that ends the process: tried again max_recoveries times, then worker_lost; others finish', async (t) => {
  const rig = await makeRig(t, { args: ['--queue-max-recoveries', '2'] });
  const first = await rig.start();
  const accepted = await submitMany(rig.url, 1, { type: 'deadly', max_retry: 5, delay: 0.3 });
  const [id = ''] = accepted.keys();
  for (const [other, payload] of await submitMany(rig.url, 20, { type: 'quick' })) accepted.set(other, payload);
  assert.equal((await first.ended).code, 3);
  for (let restart = 1; restart <= 2; restart++) assert.equal((await rig.launch().ended).code, 3, `start ${restart}`);
  await rig.start();
  const task = await getTask(rig.url, id, '?wait=10');
  assert.deepEqual(
    [task.status, task.error_code, task.retry, task.attempts.map(({ outcome }) => outcome)],
    ['failed', 'worker_lost', 0, ['lost', 'lost', 'lost']],
  );
  assert.equal((await allFinal(rig.url, 21)).success, 20);
  await rig.kill();
  await audit({ ...rig, accepted, state: 'all final' });
  assert.equal(readRuns(rig.folder).filter(({ taskId }) => taskId === id).length, 3, 'started three times');
});

it('a handler that blocks the thread for twice the lease succeeds, once; its neighbours lose nothing', async (t) => {
  const rig = await makeRig(t, { args: SHORT_LEASE });
  await rig.start();
  const accepted = await submitMany(rig.url, 5, { type: 'sleepy', payload: { ms: 2500 }, max_retry: 0 });
  await running(rig.url, 5);
  const blocking = { type: 'blocking', payload: { ms: 2000 }, max_retry: 0 };
  for (const [id, payload] of await submitMany(rig.url, 1, blocking)) accepted.set(id, payload);
  assert.equal((await allFinal(rig.url, 6)).success, 6);
  await rig.kill();
  const { tasks } = await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
  assert.deepEqual(new Set(tasks.map(({ attempt }) => attempt)), new Set([1]));
});

it('a handler that ignores its process timeout keeps its place until it really ends, and then the next may', async (t) => {
  const rig = await makeRig(t, { args: ['--queue-cancel-grace', '3s'] });
  await rig.start();
  const limited = { concurrency_key: 'one', max_concurrency: 1, max_retry: 0 };
  const deaf = { type: 'deaf', payload: { ms: 1500 }, process_timeout: 0.3, ...limited };
  const accepted = new Map([
    ...(await submitMany(rig.url, 1, deaf)),
    ...(await submitMany(rig.url, 1, { type: 'quick', ...limited })),
  ]);
  const [timedOut = '', next = ''] = accepted.keys();
  assert.equal((await getTask(rig.url, timedOut, '?wait=10')).error_code, 'process_timeout');
  assert.equal((await getTask(rig.url, next, '?wait=10')).status, 'success');
  await rig.kill();
  await audit({ ...rig, accepted, state: 'all final', due: 'at once' });
  const order = readRuns(rig.folder).map(({ what, taskId }) => `${what} ${taskId === next ? 'next' : 'deaf'}`);
  assert.deepEqual(order, ['start deaf', 'end deaf', 'start next', 'end next']);
});

it('a handler that never stops: its task ends after the grace, its lease is not kept for ever, the node goes on', async (t) => {
  const args = [...SHORT_LEASE, '--queue-cancel-grace', '600ms', '--queue-max-concurrency', '2'];
  const rig = await makeRig(t, { args });
  await rig.start();
  const stubborn = { type: 'deaf', payload: { ms: 60_000 }, max_retry: 0 };
  const accepted = await submitMany(rig.url, 1, { ...stubborn, process_timeout: 0.5 });
  const [id = ''] = accepted.keys();
  const since = performance.now();
  const task = await getTask(rig.url, id, '?wait=10');
  assert.deepEqual([task.status, task.error_code], ['failed', 'process_timeout']);
  const tookMs = performance.now() - since;
  assert.ok(tookMs > 400 && tookMs < 4000, `deadline 0.5 s and grace 0.6 s, took ${tookMs} ms`);

  const canceled = await submitMany(rig.url, 1, stubborn);
  const [other = ''] = canceled.keys();
  await running(rig.url, 1);
  assert.equal((await fetch(`${rig.url}/tasks/${other}`, { method: 'DELETE' })).status, 202);
  assert.equal((await getTask(rig.url, other, '?wait=10')).status, 'canceled');

  // Both slots of this node belong to handlers that go on; whoever waits is not lost, and a new node takes it up.
  const waiting = await submitMany(rig.url, 10, { type: 'quick' });
  const slots = async () => {
    const { keys } = (await (await fetch(`${rig.url}/concurrency`)).json()) as { keys: { running: number }[] };
    return keys.reduce((sum, { running: n }) => sum + n, 0);
  };
  await eventually(slots, (n) => n === 0);
  await rig.kill();
  await rig.start();
  await allFinal(rig.url, 12);
  await rig.kill();
  await audit({ ...rig, accepted: new Map([...accepted, ...canceled, ...waiting]), state: 'all final' });
});

it('whatever handlers return or throw ends their own task and nothing else', async (t) => {
  const rig = await makeRig(t);
  await rig.start();
  const expected: Readonly<Record<string, string | null>> = {
    'a BigInt': 'result_not_serializable',
    'a circle': 'result_not_serializable',
    'a function': 'result_not_serializable',
    '2 MB': 'result_too_large',
    'undefined inside': null,
    'throws null': 'handler_error',
    'throws a number': 'handler_error',
    'throws a circle': 'handler_error',
    'throws 50 MB': 'handler_error',
    'throws half a character': 'handler_error',
    'throws a trap': 'handler_error',
  };
  const accepted = new Map<string, string>();
  const ids = new Map<string, string>();
  for (const odd of Object.keys(expected)) {
    const { id } = await submit(rig.url, { type: 'odd', payload: { odd }, max_retry: 0 });
    accepted.set(id, JSON.stringify({ odd }));
    ids.set(odd, id);
  }
  const others = await submitMany(rig.url, 20, { type: 'forgetful' });
  for (const [odd, code] of Object.entries(expected)) {
    const task = await getTask(rig.url, ids.get(odd) ?? '', '?wait=15');
    assert.deepEqual([odd, task.status, task.error_code], [odd, code === null ? 'success' : 'failed', code]);
    assert.ok(Buffer.byteLength(task.error ?? '') <= 8192, `${odd}: the error is short`);
  }
  assert.equal((await allFinal(rig.url, 31)).success, 21);
  await rig.kill();
  await audit({ ...rig, accepted: new Map([...accepted, ...others]), state: 'all final', due: 'at once' });
});

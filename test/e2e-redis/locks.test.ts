// Locks and semaphores for users, in the whole cluster: waited for, renewed, fenced, freed by time, and shown.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { TaskManager } from '../../src/task-manager.ts';
import { eventually, submit } from '../e2e/http.ts';
import { runProgram } from '../e2e/node-process.ts';
import { bench } from './redis-nodes.ts';

interface Lock {
  readonly key: string;
  readonly worker_id: string;
  readonly task_id: string | null;
  readonly fence: number;
}

async function locksOn(url: string): Promise<Lock[]> {
  return ((await (await fetch(`${url}/concurrency`)).json()) as { locks: Lock[] }).locks;
}

it('a lock of one program keeps out every other, and its fence grows', { timeout: 30_000 }, async (t) => {
  const { redis, start } = await bench(t);
  const options = {
    redis: { addr: `127.0.0.1:${redis.port}` },
    mqtt: { broker: 'off' },
    log: { level: 'error' },
  } as const;
  const server = await start(['server', '--mqtt-broker', 'off']);
  await using one = await TaskManager.start({ ...options, node: { id: 'one' } });
  await using two = await TaskManager.start({ ...options, node: { id: 'two' } });
  const mine = await one.lock('door', { ttl: '500ms' });
  let isIn = false;
  const theirs = two.lock('door').then((lock) => {
    isIn = true;
    return lock;
  });
  // Renewed while it is held: three times as long as it would live by itself.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(isIn, false);
  assert.deepEqual(
    (await locksOn(server.url)).map(({ key, worker_id, task_id }) => [key, worker_id, task_id]),
    [['door', 'one', null]],
  );
  await mine.release();
  const lock = await theirs;
  assert.ok(lock.fence > mine.fence);
  await lock.release();
  assert.deepEqual(await locksOn(server.url), []);

  const seats = await Promise.all([one.semaphore('seats', 2), two.semaphore('seats', 2)]);
  const late = new AbortController();
  const third = two.semaphore('seats', 2, { signal: late.signal });
  await new Promise((resolve) => setTimeout(resolve, 300));
  late.abort(new Error('no seat'));
  await assert.rejects(third, /no seat/);
  for (const seat of seats) await seat.release();
  await assert.rejects(one.lock('xqueue:relay'), RangeError);
});

it('a lock whose holder dies is free when its time is over', { timeout: 30_000 }, async (t) => {
  const { redis, folder, start } = await bench(t);
  const server = await start(['server', '--mqtt-broker', 'off']);
  const entry = new URL('../../src/index.ts', import.meta.url).href;
  const options = `{ redis: { addr: '127.0.0.1:${redis.port}' }, mqtt: { broker: 'off' } }`;
  writeFileSync(
    join(folder, 'dies.ts'),
    `import { TaskManager } from ${JSON.stringify(entry)};
    const manager = await TaskManager.start(${options});
    const lock = await manager.lock('door', { ttl: '1s' });
    console.log(lock.fence);
    process.kill(process.pid, 'SIGKILL');`,
  );
  const { signal, out } = await runProgram(folder, 'dies.ts');
  assert.equal(signal, 'SIGKILL');
  await using next = await TaskManager.start({
    redis: { addr: `127.0.0.1:${redis.port}` },
    mqtt: { broker: 'off' },
    log: { level: 'error' },
  });
  const lock = await next.lock('door');
  assert.ok(lock.fence > Number(out));
  assert.equal((await locksOn(server.url)).length, 1);
  await lock.release();
});

it('a lock of a handler is shown with its task, and given back with its end', { timeout: 30_000 }, async (t) => {
  const { folder, start } = await bench(t);
  writeFileSync(
    join(folder, 'handlers.mjs'),
    `export default { type: 'locked', async handle(task, ctx) {
      await ctx.lock('door');
      await new Promise((resolve) => setTimeout(resolve, 500));
    } };`,
  );
  const [server] = await Promise.all([
    start(['server', '--mqtt-broker', 'off']),
    start(['worker', '--node-id', 'w', '--handlers', 'handlers.mjs']),
  ]);
  const { id } = await submit(server.url, { type: 'locked' });
  const [lock] = await eventually(
    () => locksOn(server.url),
    (locks) => locks.length === 1,
  );
  assert.deepEqual([lock?.key, lock?.worker_id, lock?.task_id], ['door', 'w', id]);
  await eventually(
    () => locksOn(server.url),
    (locks) => locks.length === 0,
  );
});

// Very many keys, and very many tasks behind one, with two nodes on one Redis. Both nodes live in this process, so that what
// runs at once is known without doubt. TEST_KEYS and TEST_BLOCKED make it as large as you like.
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { TaskManager, withConcurrency } from '../../src/index.ts';
import { eventually } from '../e2e/http.ts';
import { RedisServer } from '../redis-server.ts';

const KEYS = Number(process.env['TEST_KEYS'] ?? 1000);
const TASKS_PER_KEY = 5;
const BLOCKED = Number(process.env['TEST_BLOCKED'] ?? 20_000);

async function twoNodes(t: TestContext): Promise<readonly [TaskManager, TaskManager]> {
  const redis = await RedisServer.start({ appendonly: 'yes' });
  t.after(() => redis.stop());
  const start = async (id: string): Promise<TaskManager> => {
    const manager = await TaskManager.start({
      redis: { addr: `${redis.host}:${redis.port}` },
      queue: { maxConcurrency: 50 },
      mqtt: { broker: 'off' },
      log: { level: 'error' },
      node: { id },
    });
    t.after(() => manager.close());
    return manager;
  };
  return [await start('one'), await start('two')];
}

/** A page of the SDK at a time. */
async function submitAll(
  manager: TaskManager,
  count: number,
  taskOf: (n: number) => Parameters<TaskManager['submitTasks']>[0][number],
) {
  for (let from = 0; from < count; from += 1000) {
    await manager.submitTasks(Array.from({ length: Math.min(1000, count - from) }, (_, at) => taskOf(from + at)));
  }
}

it(`${KEYS} keys with limit 1 on two nodes: never two of a key at once, every task exactly once`, {
  timeout: 600_000,
}, async (t) => {
  const [one, two] = await twoNodes(t);
  const running = new Set<string>();
  const ran = new Uint8Array(KEYS * TASKS_PER_KEY);
  const on = { one: 0, two: 0 };
  let tooMany = 0;
  for (const [name, manager] of [
    ['one', one],
    ['two', two],
  ] as const) {
    manager.registerHandler({
      type: 'keyed',
      async handle(task) {
        const key = task.concurrencyKey ?? '';
        if (running.has(key)) tooMany += 1;
        running.add(key);
        await new Promise((resolve) => setImmediate(resolve));
        running.delete(key);
        const { n } = task.payload as { n: number };
        ran[n] = (ran[n] ?? 0) + 1;
        on[name] += 1;
      },
    });
  }
  await submitAll(one, ran.length, (n) => {
    return { type: 'keyed', payload: { n }, ...withConcurrency(`user-${n % KEYS}`, 1) };
  });
  await eventually(
    async () => (await one.stats()).types['keyed']?.success,
    (n) => n === ran.length,
    500_000,
  );
  assert.equal(tooMany, 0, 'two of a key at once');
  assert.ok(ran.every((times) => times === 1));
  t.diagnostic(`${on.one} on one node, ${on.two} on the other`);
});

it(`one free task behind ${BLOCKED} of a full key`, { timeout: 300_000 }, async (t) => {
  const [one, two] = await twoNodes(t);
  await one.setLimit('full', 0);
  await submitAll(one, BLOCKED, () => ({ type: 'any', payload: {}, priority: 5, ...withConcurrency('full', 1) }));
  for (const manager of [one, two]) manager.registerHandler({ type: 'any', handle: () => 'ran' });
  const since = performance.now();
  const free = await one.submitTask('any', {});
  assert.equal(await free.result(), 'ran');
  t.diagnostic(`it was done ${(performance.now() - since).toFixed(0)} ms after its submit`);
  const { any } = (await two.stats()).types;
  assert.deepEqual([any?.success, any?.pending], [1, BLOCKED]);
});

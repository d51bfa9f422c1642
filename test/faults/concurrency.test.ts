// Limits, measured by what handlers do: never one too many, never one too few, and nobody pays for others.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { TaskManager, withConcurrency } from '../../src/index.ts';
import { eventually } from '../e2e/http.ts';
import { audit } from './audit.ts';
import { submitMany } from './load.ts';
import { ABSENT_BROKER, allFinal } from './rig.ts';

interface Scene {
  readonly manager: TaskManager;
  readonly url: string;
  readonly dataFile: string;
}

/** A node in this process, with HTTP, so that the test itself is the handlers. */
async function scene(t: TestContext, slots: number, broker = ABSENT_BROKER): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-concurrency-'));
  const dataFile = join(folder, 'xqueue.db');
  const manager = await TaskManager.start({
    embedded: { path: dataFile },
    server: { port: 0 },
    mqtt: { broker },
    queue: { maxConcurrency: slots, defaultTimeout: 0 },
    log: { level: 'error' },
  });
  t.after(async () => {
    await manager.close();
    rmSync(folder, { recursive: true });
  });
  return { manager, url: `${manager.url}/api/v1`, dataFile };
}

/** Handlers that run until they are told to end. */
class Gate {
  readonly running: (() => void)[] = [];
  started = 0;

  readonly handle = (): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.running.push(() => resolve(null));
    this.started += 1;
    return promise;
  };

  endOne(): void {
    this.running.shift()?.();
  }

  async reaches(count: number): Promise<void> {
    await eventually(
      async () => this.running.length,
      (now) => now === count,
    );
  }

  /** Everything that was going to start has started: a task without limits that came last has run. */
  async isQuiet({ manager }: Scene, count: number): Promise<void> {
    const last = await manager.submitTask('marker', {});
    await last.result();
    assert.equal(this.running.length, count);
  }
}

it('12 tasks, limit 3: exactly 3 run while 3 are left, whichever ends first, and all 12 succeed', async (t) => {
  const place = await scene(t, 50);
  const gate = new Gate();
  place.manager.registerHandlers([
    { type: 'limited', handle: gate.handle },
    { type: 'marker', handle: () => null },
  ]);
  const body = { type: 'limited', concurrency_key: 'user_123', max_concurrency: 3, max_retry: 0 };
  const accepted = await submitMany(place.url, 12, body);
  for (let left = 12; left > 0; left--) {
    await gate.reaches(Math.min(3, left));
    if (left % 4 === 0) gate.running.push(...gate.running.splice(0, 1));
    gate.endOne();
  }
  assert.equal((await allFinal(place.url, 12)).success, 12);
  await place.manager.close();
  const { tasks } = await audit({ dataFile: place.dataFile, accepted, state: 'all final' });
  assert.deepEqual(new Set(tasks.map(({ attempt }) => attempt)), new Set([1]));
});

it('a limit lowered and raised while tasks run: nobody is evicted, nobody too many starts, all room is used', async (t) => {
  const place = await scene(t, 50);
  const gate = new Gate();
  place.manager.registerHandlers([
    { type: 'limited', handle: gate.handle },
    { type: 'marker', handle: () => null },
  ]);
  const setLimit = async (max: number | null) => {
    const address = `${place.url}/concurrency/k`;
    const init = { method: 'PUT', headers: { 'content-type': 'application/json' } };
    const response = await (max === null
      ? fetch(address, { method: 'DELETE' })
      : fetch(address, { ...init, body: JSON.stringify({ max_concurrency: max }) }));
    assert.equal(response.ok, true, await response.text());
  };
  const accepted = await submitMany(place.url, 40, { type: 'limited', concurrency_key: 'k', max_concurrency: 5 });
  await gate.reaches(5);
  await setLimit(2);
  await gate.isQuiet(place, 5);
  for (let running = 4; running >= 1; running--) {
    gate.endOne();
    if (running >= 2) await gate.isQuiet(place, running);
    else await gate.reaches(2);
  }
  await setLimit(8);
  await gate.reaches(8);
  await gate.isQuiet(place, 8);
  await setLimit(0);
  for (let running = 7; running >= 0; running--) {
    gate.endOne();
    await gate.isQuiet(place, running);
  }
  await setLimit(null);
  await gate.reaches(5);
  for (let left = 40 - gate.started + 5; left > 0; left--) {
    await gate.reaches(Math.min(5, left));
    gate.endOne();
  }
  await eventually(
    async () => gate.running.length,
    (now) => now === 0,
  );
  const counts = await allFinal(place.url, 40);
  assert.equal(counts.success, counts.total);
  await place.manager.close();
  const rules = { state: 'all final', others: 'some', operatorLimits: { k: 8 } } as const;
  await audit({ dataFile: place.dataFile, accepted, ...rules });
});

it('10,000 keys with 10 tasks each, limit 1: never two of a key at once, every task exactly once', async (t) => {
  const place = await scene(t, 200, 'off');
  const running = new Set<string>();
  const ran = new Uint8Array(100_000);
  let tooMany = 0;
  let done = 0;
  const end = Promise.withResolvers<void>();
  place.manager.registerHandler({
    type: 'keyed',
    async handle(task) {
      const key = task.concurrencyKey ?? '';
      if (running.has(key)) tooMany += 1;
      running.add(key);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(key);
      const { n } = task.payload as { n: number };
      ran[n] = (ran[n] ?? 0) + 1;
      done += 1;
      if (done === ran.length) end.resolve();
    },
  });
  const since = performance.now();
  for (let round = 0; round < 10; round++) {
    const tasks = Array.from({ length: 10_000 }, (_, key) => {
      return { type: 'keyed', payload: { n: round * 10_000 + key }, ...withConcurrency(`user-${key}`, 1) };
    });
    await place.manager.submitTasks(tasks);
  }
  const submittedMs = performance.now() - since;
  await end.promise;
  const tookMs = performance.now() - since;
  assert.equal(tooMany, 0, 'two of a key at once');
  assert.ok(ran.every((times) => times === 1));
  await eventually(
    async () => (await place.manager.stats()).types['keyed']?.success,
    (n) => n === 100_000,
  );
  await place.manager.close();
  t.diagnostic(
    `100,000 tasks of 10,000 keys: submitted in ${submittedMs.toFixed(0)} ms, done in ${tookMs.toFixed(0)} ms`,
  );
});

it('one free task behind 100,000 blocked ones starts within 50 ms', async (t) => {
  const place = await scene(t, 200, 'off');
  const gate = new Gate();
  let startedAt = 0;
  place.manager.registerHandlers([
    { type: 'blocked', handle: gate.handle },
    {
      type: 'free',
      handle: () => {
        startedAt = performance.now();
      },
    },
  ]);
  for (let round = 0; round < 100; round++) {
    const tasks = Array.from({ length: 1000 }, (_, n) => {
      return { type: 'blocked', ...withConcurrency(round < 50 ? 'one key' : `key-${n % 100}`, 1) };
    });
    await place.manager.submitTasks(tasks);
  }
  await gate.reaches(101);
  const waits: number[] = [];
  for (let n = 0; n < 20; n++) {
    const since = performance.now();
    const free = await place.manager.submitTask('free', {});
    await free.result();
    waits.push(startedAt - since);
  }
  waits.sort((a, b) => a - b);
  const median = waits[10] ?? 0;
  t.diagnostic(`from submit to start: median ${median.toFixed(1)} ms, longest ${waits.at(-1)?.toFixed(1)} ms`);
  assert.ok(median < 50, `${waits.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  await place.manager.setLimit('one key', 0);
  while (gate.running.length > 0) gate.endOne();
});

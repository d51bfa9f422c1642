// The auditor of the Redis store: with a hand in the server's data it sees what is wrong, mends it, and the task runs.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { type KeyName, shardKeys } from '../../src/adapters/redis/keys.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import { aSubmission, release, SETTINGS, succeed, type TaskWish } from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';

const server = await RedisServer.start();
after(() => server.stop());
let opened = 0;

class Scene {
  readonly store: RedisStore;
  readonly #names: ReturnType<typeof shardKeys>['names'];
  #claims = 0;

  private constructor(store: RedisStore, prefix: string) {
    this.store = store;
    this.#names = shardKeys(prefix, 0).names;
  }

  static async open(): Promise<Scene> {
    opened += 1;
    const keyPrefix = `audit${opened}`;
    const clock = systemClock;
    return new Scene(await openRedisStore({ addr: server.addr, settings: SETTINGS, clock, keyPrefix }), keyPrefix);
  }

  key(name: KeyName, rest = ''): string {
    return this.#names[name] + rest;
  }

  async submit(wish: TaskWish = {}): Promise<string> {
    const submission = aSubmission(wish);
    await this.store.submit([submission]);
    return submission.spec.id;
  }

  async claim(count = 10) {
    this.#claims += 1;
    return this.store.claim({ requestId: `claim-${this.#claims}`, nodeId: 'node-1', types: ['mail'], count });
  }

  async invariants(mode: 'report' | 'repair'): Promise<string[]> {
    return [...new Set((await this.store.audit(mode)).map(({ invariant }) => invariant))].sort();
  }

  /** Sees the fault, mends it, sees nothing any more. */
  async mends(invariants: readonly string[]): Promise<void> {
    assert.deepEqual(await this.invariants('report'), invariants);
    for (const { repaired } of await this.store.audit('repair')) assert.ok(repaired);
    const left = await this.store.audit('report');
    assert.deepEqual(
      left.filter(({ invariant }) => invariant !== 'C1'),
      [],
    );
  }
}

function auditTest(title: string, body: (s: Scene) => Promise<void>): void {
  void it(title, async () => {
    const scene = await Scene.open();
    try {
      await body(scene);
    } finally {
      await scene.store.close();
    }
  });
}

void describe('the auditor of the Redis store', () => {
  auditTest('finds nothing where all is well', async (s) => {
    await s.submit();
    await s.submit({ key: 'k', tags: ['a'] });
    await s.submit({ key: 'k' });
    await s.submit({ due: { afterMs: 60_000 }, queueTimeoutMs: 1000 });
    const [one] = await s.claim();
    assert.ok(one);
    const { id, token } = one.lease;
    await s.store.settle([{ id, token, outcome: succeed(), handler: 'ended', by: 'holder' }]);
    assert.deepEqual(await s.store.audit('report'), []);
    assert.deepEqual(await s.store.audit('repair'), []);
  });

  auditTest('puts a task that waits nowhere back into its lane (I1)', async (s) => {
    const id = await s.submit();
    await server.command('DEL', s.key('lane', 'mail'), s.key('ready', 'mail'));
    assert.deepEqual(await s.claim(), []);
    await s.mends(['C1', 'I1']);
    assert.deepEqual(
      (await s.claim()).map(({ task }) => task.id),
      [id],
    );
  });

  auditTest('finds a delayed task that nobody would wake (I1)', async (s) => {
    await s.submit({ due: { afterMs: 60_000 } });
    await server.command('DEL', s.key('delayed'));
    await s.mends(['I1']);
    assert.equal(await server.command('ZCARD', s.key('delayed')), 1);
  });

  auditTest('finds a lane that no claim would look at (I17)', async (s) => {
    const id = await s.submit();
    await server.command('DEL', s.key('ready', 'mail'));
    assert.deepEqual(await s.claim(), []);
    await s.mends(['I17']);
    assert.deepEqual(
      (await s.claim()).map(({ task }) => task.id),
      [id],
    );
  });

  auditTest('drops from a lane what does not wait there, or is there twice (I1)', async (s) => {
    const id = await s.submit();
    // Numbers 1 and 2, of which the first waits already and nobody has the second; then 77 to 600.
    await server.command('ZADD', s.key('lane', 'mail'), '1', '\0\0\0\0\0\u0001\0\u0002');
    await server.command('ZADD', s.key('lane', 'mail'), '77', '\0\0\0\0\0M\u0001\u000c');
    assert.equal((await s.store.audit('report')).filter(({ invariant }) => invariant === 'I1').length, 2 + 268);
    await s.mends(['C1', 'I1']);
    assert.deepEqual(
      (await s.claim()).map(({ task }) => task.id),
      [id],
    );
  });

  auditTest('wakes a lane whose wake-up was lost (S5)', async (s) => {
    await s.submit({ key: 'k' });
    const second = await s.submit({ key: 'k' });
    const [first] = await s.claim();
    assert.deepEqual(await s.claim(), [], 'the lane is parked');
    assert.ok(first);
    // The slot goes away behind the scripts' back: nobody is woken.
    await server.command('DEL', s.key('slots', 'k'), s.key('leasesOf', 'mail'), s.key('leases'));
    assert.deepEqual(await s.invariants('report'), ['I7', 'S5']);
    await s.store.audit('repair');
    assert.deepEqual(
      (await s.claim(1)).map(({ task }) => task.id),
      [second],
    );
  });

  auditTest('takes a lease without its slots back, and the task runs again (S4)', async (s) => {
    const id = await s.submit({ key: 'k' });
    await s.claim();
    await server.command('DEL', s.key('slots', 'k'));
    await s.mends(['S4']);
    const [lost] = await s.store.lostLeases(10);
    assert.equal(lost?.id, id);
  });

  auditTest('finds a running task that has no lease, which no sweeper would see (I7)', async (s) => {
    const id = await s.submit();
    await s.claim();
    await server.command('DEL', s.key('leasesOf', 'mail'));
    await s.mends(['I7']);
    const [lost] = await s.store.lostLeases(10);
    assert.ok(lost?.id === id);
    const back = { id, token: lost.token, outcome: release, handler: 'ended', by: 'sweeper' } as const;
    assert.deepEqual(await s.store.settle([back]), [{ state: 'settled', status: 'pending' }]);
    assert.equal((await s.claim()).length, 1);
  });

  auditTest('frees a slot that nobody holds (S4)', async (s) => {
    await s.submit({ key: 'k', max: 1 });
    // Number 77, as of a running task, and with token 1, as of a handler that goes on.
    const slots = ['\0\0\0\0\0M', '\0\0\0\0\0M\0\0\0\0\0\0\u0001'];
    await server.command('SADD', s.key('slots', 'k'), ...slots);
    assert.deepEqual(await s.claim(), []);
    await s.mends(['S4']);
    assert.equal((await s.claim()).length, 1);
  });

  auditTest('compares the counters with a recount (C1)', async (s) => {
    await s.submit();
    await server.command('HINCRBY', s.key('counts'), '0mail', '5');
    const findings = await s.store.audit('report');
    assert.deepEqual(findings, [{ invariant: 'C1', detail: 'counter 0mail says 6, there are 1', repaired: false }]);
  });

  auditTest('mends a queue deadline that was lost (I12)', async (s) => {
    await s.submit({ queueTimeoutMs: 60_000 });
    await server.command('DEL', s.key('deadlineChunk', '0'), s.key('deadlines'));
    await s.mends(['I12']);
    assert.equal(await server.command('ZCARD', s.key('deadlines')), 1);
  });
});

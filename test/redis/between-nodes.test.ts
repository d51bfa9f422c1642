// Several stores on one server, as several nodes have them: hints reach the others, also after the server was restarted,
// and the lease keeper's own connection keeps leases.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { connect } from '../../src/adapters/redis/lease-connector.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import type { RedisStore } from '../../src/adapters/redis/store.ts';
import type { Signal } from '../../src/ports/task-store.ts';
import { aNode, aSubmission, SETTINGS } from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';

const DEADLINE_MS = 10_000;
let server: RedisServer;
let here: RedisStore;
let there: RedisStore;
let claims = 0;

beforeEach(async () => {
  server = await RedisServer.start({ appendonly: 'yes', args: ['--appendfsync', 'always'] });
  [here, there] = [await open(), await open()];
});

afterEach(async () => {
  await Promise.all([here.close(), there.close()]);
  await server.stop();
});

const OPTIONS = { settings: SETTINGS, clock: systemClock };

function open(): Promise<RedisStore> {
  return openRedisStore({ ...OPTIONS, addr: server.addr });
}

function turn(): Promise<void> {
  return new Promise((resolve) => void systemClock.after(20, resolve));
}

async function claim(store: RedisStore, nodeId: string, count = 1) {
  claims += 1;
  return store.claim({ requestId: `claim-${claims}`, nodeId, types: ['mail'], count });
}

/** What `there` hears next of this kind. */
function heard<K extends Signal['kind']>(store: RedisStore, kind: K): Promise<Extract<Signal, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const late = systemClock.after(DEADLINE_MS, () => reject(new Error(`no signal of kind ${kind}`)));
    const leave = store.onSignal((signal) => {
      if (signal.kind !== kind) return;
      late.cancel();
      leave();
      resolve(signal as Extract<Signal, { kind: K }>);
    });
  });
}

async function served<T>(call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await turn();
    }
  }
}

void describe('nodes on one Redis', () => {
  void it('tell an idle one that there is work', async () => {
    await there.reportNode(aNode({ id: 'node-2' }));
    assert.deepEqual(await claim(there, 'node-2'), []);
    const work = heard(there, 'work');
    await here.submit([aSubmission()]);
    assert.deepEqual((await work).types, ['mail']);
    assert.equal((await claim(there, 'node-2')).length, 1);
  });

  void it('tell the one that runs a task that its cancel is requested', async () => {
    await here.submit([aSubmission()]);
    const [claimed] = await claim(there, 'node-2');
    assert.ok(claimed);
    const { id, token } = claimed.lease;
    const told = heard(there, 'cancel');
    await here.cancel([{ id }]);
    assert.deepEqual(await told, { kind: 'cancel', nodeId: 'node-2', leases: [{ id, token }] });
  });

  void it('tell of entries in the outbox to who has read to its end, and of what is due earlier than was said', async () => {
    assert.deepEqual(await there.readOutbox(null, 10), []);
    assert.equal((await there.sweepTimers(10)).nextMs, null);
    const [outbox, timer] = [heard(there, 'outbox'), heard(there, 'timer')];
    await here.submit([aSubmission({ due: { afterMs: 5000 } })]);
    await outbox;
    assert.ok((await timer).inMs <= 5000);
  });

  void it('hear each other again after the server was restarted', async () => {
    await there.reportNode(aNode({ id: 'node-2' }));
    await server.kill();
    await server.run();
    const signals: Signal[] = [];
    there.onSignal((signal) => {
      if (signal.kind === 'work') signals.push(signal);
    });
    // The first hints may come before the channel is followed again: a node that polls gets its work nevertheless.
    await served(async () => {
      await claim(there, 'node-2', 100);
      await here.submit([aSubmission()]);
      await turn();
      if (signals.length === 0) throw new Error('nothing heard yet');
    });
    assert.deepEqual(signals[0], { kind: 'work', types: ['mail'] });
  });

  void it('go on hearing each other when there was nothing to say for a while', async () => {
    // A link that only listens asks after each of these times whether the server lives, and ends after three without an answer.
    const quiet = await openRedisStore({ ...OPTIONS, addr: server.addr, callMs: 1000 });
    await quiet.reportNode(aNode({ id: 'node-3' }));
    assert.deepEqual(await claim(quiet, 'node-3'), []);
    for (let n = 0; n < 200; n++) await turn();
    const work = heard(quiet, 'work');
    await here.submit([aSubmission()]);
    assert.deepEqual((await work).types, ['mail']);
    await quiet.close();
  });

  void it('see what the others did at once', async () => {
    const submissions = Array.from({ length: 50 }, () => aSubmission({ key: 'k', max: 3 }));
    await here.submit(submissions);
    const both = await Promise.all([claim(here, 'node-1', 10), claim(there, 'node-2', 10)]);
    const ids = both.flat().map(({ task }) => task.id);
    assert.deepEqual(
      ids.toSorted(),
      submissions
        .slice(0, 3)
        .map(({ spec }) => spec.id)
        .toSorted(),
    );
  });
});

void describe("the lease keeper's connection", () => {
  void it('keeps leases while the main thread does nothing, also over a restart of the server', async () => {
    await here.submit([aSubmission()]);
    const [claimed] = await claim(here, 'node-1');
    assert.ok(claimed);
    const { id, token } = claimed.lease;
    const { data } = here.leaseConnector();
    const keeper = await connect(structuredClone(data));
    const beat = () => keeper.heartbeat({ nodeId: 'node-1', leases: [{ id, token }] });
    assert.equal((await beat())[0]?.state, 'held');
    await server.kill();
    await server.run();
    assert.equal((await served(beat))[0]?.state, 'held');
    assert.deepEqual(await keeper.heartbeat({ nodeId: 'node-1', leases: [{ id, token: token + 1 }] }), [
      { state: 'lost' },
    ]);
    keeper.close();
  });
});

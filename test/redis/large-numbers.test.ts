// A place in a lane is priority and number as one number. After 2^33 tasks the numbers of one priority reach the places that
// another one had; order, cancels and the auditor must not notice.
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { shardKeys } from '../../src/adapters/redis/keys.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import { LIMITS } from '../../src/domain/limits.ts';
import { aSubmission, SETTINGS } from '../conformance/builders.ts';
import { RedisServer } from '../redis-server.ts';

const server = await RedisServer.start();
after(() => server.stop());

const PRIORITIES = [0, 1, LIMITS.priorityMin, LIMITS.priorityMax];

for (const [what, before] of [
  ['the border of the places of two priorities', 2 ** 33 - 7],
  ['many of them', 5 * 2 ** 40],
] as const) {
  void it(`numbers at ${what} keep their order`, async () => {
    await server.command('FLUSHALL');
    const options = { addr: server.addr, settings: SETTINGS, clock: systemClock };
    // The first double of the shard's state is the last number.
    const first = await openRedisStore(options);
    await first.setLimit('k', 1);
    await first.close();
    const number = Buffer.alloc(8);
    number.writeDoubleBE(before);
    await setBytes(shardKeys('xqueue', 0).names.state, number);

    const store = await openRedisStore(options);
    const ids: string[][] = [];
    for (const priority of PRIORITIES) {
      const batch = Array.from({ length: 12 }, () => aSubmission({ priority }));
      await store.submit(batch);
      ids.push(batch.map(({ spec }) => spec.id));
    }
    const canceled = ids.flatMap((of) => [of[0], of[5], of[6], of[11]]).map((id) => ({ id: id ?? '' }));
    assert.ok((await store.cancel(canceled)).every(({ state }) => state === 'canceled'));
    const findings = await store.audit('report');
    assert.deepEqual(
      findings.filter(({ detail }) => !detail.startsWith('accepted ')),
      [],
    );

    const order = [3, 1, 0, 2].flatMap((at) => (ids[at] ?? []).filter((_, place) => ![0, 5, 6, 11].includes(place)));
    const taken: string[] = [];
    for (let claims = 0; claims < 12; claims++) {
      const request = { requestId: `claim ${claims}`, nodeId: 'node-1', types: ['mail'], count: 3 };
      taken.push(...(await store.claim(request)).map(({ task }) => task.id));
    }
    assert.deepEqual(taken, order);
    await store.close();
  });
}

/** As a script, whose text may have any byte: arguments of the test's client are UTF-8. */
async function setBytes(key: string, bytes: Buffer): Promise<void> {
  const text = [...bytes].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');
  await server.command('EVAL', `redis.call('SETRANGE', KEYS[1], 0, '${text}')`, '1', key);
}

// The node that relays to a broker dies by `kill -9`, again and again, at any moment, under load. Twenty times by default;
//
//   TEST_KILLS=200 node --test test/faults/push-kills.test.ts
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FinalStatus } from '../../src/domain/task.ts';
import { Mosquitto } from '../e2e-push/mosquitto.ts';
import { audit } from './audit.ts';
import { Load } from './load.ts';
import { PushSubscriber } from './push-subscriber.ts';
import { allFinal, makeRig, seeded } from './rig.ts';

const KILLS = Number(process.env['TEST_KILLS'] ?? 20);
const KILL_MS_MAX = 10_000;

it(`${KILLS} times kill -9 of the node that relays: a subscriber that uses the SDK hears every task's end, versions rising`, {
  timeout: 60_000 + KILLS * KILL_MS_MAX,
}, async (t) => {
  await seeded(async (chance) => {
    const mosquitto = await Mosquitto.start(t);
    const rig = await makeRig(t, {
      broker: ['--mqtt-broker', mosquitto.url],
      args: ['--queue-max-recoveries', '1000', '--queue-default-timeout', '0'],
    });
    await rig.start();
    const steady = new PushSubscriber(t, { url: rig.url, mqttUrl: mosquitto.url });
    await steady.subscribe();
    const followed = new Map<string, Promise<FinalStatus>>();
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(chance.oneIn(8) ? 400 : 15) } });
    const load = new Load({ t, url: rig.url, chance, next, connections: 3, pauseMs: 25 });
    for (let kill = 1; kill <= KILLS; kill++) {
      await sleep(chance.below(chance.oneIn(3) ? 900 : 200));
      const newest = [...load.accepted.keys()].at(-1);
      if (newest !== undefined && !followed.has(newest)) {
        const end = steady.followsToTheEnd(newest);
        end.catch(() => undefined);
        followed.set(newest, end);
      }
      await rig.kill();
      await rig.start();
      assert.deepEqual(steady.backwards, [], `after ${kill} kills`);
    }
    await load.stop();
    await allFinal(rig.url, load.accepted.size, 60_000);
    await steady.hearsEndsOf(load.accepted.keys());
    for (const [id, end] of followed) assert.equal(await end, steady.finals.get(id), id);
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted: load.accepted, state: 'all final', history: 'trimmed' });
    for (const { id, status } of tasks) assert.equal(steady.finals.get(id), status, id);
    t.diagnostic(`${tasks.length} tasks, ${steady.changes} changes told, ${followed.size} tasks followed one by one`);
  });
});

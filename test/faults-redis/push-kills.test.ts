// Two nodes on one Redis, of which one relays to a broker: it dies by `kill -9`, the other takes over, a new one comes, and
// so on, under load. Three times by default;
//
//   TEST_KILLS=100 node --test test/faults-redis/push-kills.test.ts
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FinalStatus } from '../../src/domain/task.ts';
import { Mosquitto } from '../e2e-push/mosquitto.ts';
import { Load } from '../faults/load.ts';
import { PushSubscriber } from '../faults/push-subscriber.ts';
import { allFinal, seeded } from '../faults/rig.ts';
import { audit } from './audit.ts';
import { Cluster } from './cluster.ts';

const KILLS = Number(process.env['TEST_KILLS'] ?? 3);
const KILL_MS_MAX = 30_000;

it(`${KILLS} times kill -9 of the node that relays: a subscriber that uses the SDK hears every task's end, versions rising`, {
  timeout: 120_000 + KILLS * KILL_MS_MAX,
}, async (t) => {
  await seeded(async (chance) => {
    const mosquitto = await Mosquitto.start(t);
    const cluster = await Cluster.start(t, { args: ['--mqtt-broker', mosquitto.url] });
    // It takes the submits and relays nothing.
    const front = await cluster.server('front', '--mqtt-broker', 'off');
    await cluster.worker('w0');
    await cluster.worker('w1');
    const steady = new PushSubscriber(t, { url: front.url, mqttUrl: mosquitto.url });
    await steady.subscribe();
    const followed = new Map<string, Promise<FinalStatus>>();
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(chance.oneIn(8) ? 400 : 15) } });
    const load = new Load({ t, url: front.url, chance, next, connections: 3, pauseMs: 40 });
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(chance.between(200, 3000));
      const newest = [...load.accepted.keys()].at(-1);
      if (newest !== undefined && !followed.has(newest)) {
        const end = steady.followsToTheEnd(newest);
        end.catch(() => undefined);
        followed.set(newest, end);
      }
      // The older of the two has been the relay since the one before it died.
      await cluster.members.find(({ name }) => name === `w${kill}`)?.kill();
      await cluster.worker(`w${kill + 2}`);
      assert.deepEqual(steady.backwards, [], `after ${kill + 1} kills`);
    }
    await load.stop();
    await allFinal(front.url, load.accepted.size, 60_000);
    await steady.hearsEndsOf(load.accepted.keys());
    for (const [id, end] of followed) assert.equal(await end, steady.finals.get(id), id);
    const { tasks } = await audit(cluster, { accepted: load.accepted, state: 'all final', history: 'trimmed' });
    for (const { id, status } of tasks) assert.equal(steady.finals.get(id), status, id);
    t.diagnostic(`${tasks.length} tasks, ${steady.changes} changes told, ${followed.size} tasks followed one by one`);
  });
});

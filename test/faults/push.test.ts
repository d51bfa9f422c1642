// Live push while things break: nodes that die between a change and its message, brokers that stand still or are absent.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mosquitto } from '../e2e-push/mosquitto.ts';
import { audit } from './audit.ts';
import { Load, submitMany } from './load.ts';
import { PushSubscriber } from './push-subscriber.ts';
import { allFinal, freePort, makeRig, running, seeded } from './rig.ts';

it('subscribers that lived through kill -9 of the node hear the end of every task, versions in order', async (t) => {
  await seeded(async (chance) => {
    const mqttPort = await freePort();
    const broker = ['--mqtt-broker', 'embedded', '--mqtt-listen', `127.0.0.1:${mqttPort}`];
    const rig = await makeRig(t, { broker, args: ['--queue-max-recoveries', '1000'] });
    await rig.start();
    const subscribers = [
      new PushSubscriber(t, { url: rig.url, mqttUrl: `mqtt://127.0.0.1:${mqttPort}` }),
      new PushSubscriber(t, { url: rig.url, mqttUrl: `ws://127.0.0.1:${rig.port}/mqtt` }),
    ];
    await Promise.all(subscribers.map((each) => each.subscribe()));
    const next = () => ({ type: 'sleepy', payload: { ms: chance.below(chance.oneIn(5) ? 500 : 20) } });
    const load = new Load({ t, url: rig.url, chance, next, connections: 3, pauseMs: 20 });
    for (let kill = 0; kill < 3; kill++) {
      await sleep(chance.between(200, 700));
      await rig.kill();
      await rig.start();
    }
    await load.stop();
    await allFinal(rig.url, load.accepted.size);
    for (const subscriber of subscribers) await subscriber.hearsEndsOf(load.accepted.keys());
    await rig.kill();
    const { tasks } = await audit({ ...rig, accepted: load.accepted, state: 'all final', history: 'trimmed' });
    for (const { id, status } of tasks) {
      for (const { finals } of subscribers) assert.equal(finals.get(id), status, id);
    }
    t.diagnostic(`${tasks.length} tasks`);
  });
});

it('a subscriber that takes a second to come back hears the ends of what was taken up at once', async (t) => {
  const mqttPort = await freePort();
  const broker = ['--mqtt-broker', 'embedded', '--mqtt-listen', `127.0.0.1:${mqttPort}`];
  const rig = await makeRig(t, { broker });
  await rig.start();
  const subscriber = new PushSubscriber(t, { url: rig.url, mqttUrl: `mqtt://127.0.0.1:${mqttPort}`, reconnectMs: 0 });
  await subscriber.subscribe();
  const accepted = await submitMany(rig.url, 20, { type: 'second_time_lucky' });
  await running(rig.url, 20);
  // Long enough for every message to be delivered and forgotten: nothing waits when the node dies.
  await sleep(1500);
  await rig.kill();
  await rig.start();
  await allFinal(rig.url, 20);
  await sleep(1000);
  await subscriber.comeBack();
  await subscriber.hearsEndsOf(accepted.keys());
  await rig.kill();
  await audit({ ...rig, accepted, state: 'all final', history: 'trimmed' });
});

it('a broker that stands still in the middle of the work holds up no task; afterwards it gets what it missed', async (t) => {
  const mosquitto = await Mosquitto.start(t);
  const rig = await makeRig(t, { broker: ['--mqtt-broker', mosquitto.url] });
  await rig.start();
  const subscriber = new PushSubscriber(t, { url: rig.url, mqttUrl: mosquitto.url });
  await subscriber.subscribe();
  const before = await submitMany(rig.url, 200, { type: 'quick' });
  await allFinal(rig.url, 200);
  await subscriber.hearsEndsOf(before.keys());

  mosquitto.freeze();
  const during = await submitMany(rig.url, 1000, { type: 'quick' });
  await allFinal(rig.url, 1200);
  mosquitto.thaw();
  await subscriber.hearsEndsOf(during.keys());
  await rig.kill();
  await audit({ ...rig, accepted: new Map([...before, ...during]), state: 'all final', history: 'trimmed' });
});

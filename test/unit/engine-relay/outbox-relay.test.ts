// From the outbox to hub and broker, with one node: in order, at least once, bounded, and nearly free when nobody listens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import { EventHub } from '../../../src/engine/push/event-hub.ts';
import { OutboxRelay, type RelaySettings } from '../../../src/engine/push/outbox-relay.ts';
import { SILENT } from '../../../src/ports/logger.ts';
import type { OutboxEntry } from '../../../src/ports/outbox.ts';
import { ModelStore } from '../../model/model-store.ts';
import { claim, runThrough, ScriptedBroker, SETTINGS, submit, toMessages } from './scene.ts';

/** A model store that says how its outbox is used, and can be taken away. */
class CountingStore extends ModelStore {
  decoded = 0;
  reads = 0;
  trims = 0;
  away = false;
  unreadablePosition: string | null = null;

  override async readOutbox(after: string | null, limit: number): Promise<OutboxEntry[]> {
    if (this.away) throw new StoreUnavailable('away');
    this.reads++;
    return (await super.readOutbox(after, limit)).map((entry) => ({
      position: entry.position,
      events: () => {
        this.decoded++;
        if (entry.position === this.unreadablePosition) throw new SyntaxError('bad entry');
        return entry.events();
      },
    }));
  }

  override async trimOutbox(position: string): Promise<void> {
    if (this.away) throw new StoreUnavailable('away');
    this.trims++;
    await super.trimOutbox(position);
  }

  async left(): Promise<number> {
    return (await super.readOutbox(null, 1_000_000)).length;
  }
}

class Scene {
  readonly clock: ManualClock;
  readonly store: CountingStore;
  readonly hub = new EventHub();
  readonly broker: ScriptedBroker;
  readonly relay: OutboxRelay;

  constructor(settings: Partial<RelaySettings> = {}, from?: Scene) {
    this.clock = from?.clock ?? new ManualClock();
    this.store = from?.store ?? new CountingStore(this.clock, SETTINGS);
    this.broker = from?.broker ?? new ScriptedBroker();
    this.relay = new OutboxRelay({
      store: this.store,
      hub: this.hub,
      publisher: this.broker,
      broker: 'own',
      toMessages,
      locks: this.store.locks,
      clock: this.clock,
      logger: SILENT,
      owner: 'n1',
      settings,
    });
  }

  /** Lets `ms` pass in steps, each with time to settle. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) await this.clock.advanceAsync(Math.min(100, left));
    for (let i = 0; i < 20; i++) await this.clock.advanceAsync(0);
  }
}

const settled = (scene: Scene): Promise<void> => scene.pass(0);

test('every change reaches hub and broker, each task in the order of its versions', async () => {
  const scene = new Scene();
  await scene.relay.start();
  const heard: string[] = [];
  scene.hub.onTask('a', ({ version, status }) => heard.push(`${version}:${status}`));
  await runThrough(scene.store, 'a', 'b');
  await settled(scene);
  const life = ['1:pending', '2:processing', '3:success'];
  assert.deepEqual(heard, life);
  for (const id of ['a', 'b']) {
    const received = scene.broker.received.filter((text) => text.startsWith(`${id}@`));
    assert.deepEqual(
      received,
      life.map((text) => `${id}@${text}`),
    );
  }
  await scene.pass(2000);
  assert.equal(await scene.store.left(), 0);
  assert.equal(scene.relay.stats().published, 6);
  await scene.relay.close();
});

test('while nobody listens no event is decoded, and the outbox does not grow', async () => {
  const scene = new Scene();
  scene.broker.audience = false;
  await scene.relay.start();
  await settled(scene);
  const { reads } = scene.store;
  for (let i = 0; i < 100; i++) await runThrough(scene.store, `t${i}`);
  await settled(scene);
  assert.equal(scene.store.reads, reads, 'signals alone cause no read');
  await scene.pass(1100);
  assert.equal(await scene.store.left(), 0);
  assert.equal(scene.store.decoded, 0);
  assert.ok(scene.store.reads - reads <= 4);
  assert.equal(scene.store.trims, 1);
  assert.equal(scene.broker.calls, 0);
  await scene.relay.close();
});

test('who comes after a quiet time hears what happens from then on', async () => {
  const scene = new Scene();
  scene.broker.audience = false;
  await scene.relay.start();
  await runThrough(scene.store, 'a');
  await scene.pass(2000);
  const heard: string[] = [];
  scene.hub.onAll(({ taskId, version }) => heard.push(`${taskId}${version}`));
  scene.broker.audience = true;
  await runThrough(scene.store, 'b');
  await settled(scene);
  assert.deepEqual(heard, ['b1', 'b2', 'b3']);
  assert.equal(scene.broker.received.length, 3);
  await scene.relay.close();
});

test('a lost signal is made up for by the poll', async () => {
  const scene = new Scene();
  const relay = new OutboxRelay({
    store: {
      kind: 'embedded',
      readOutbox: (after, limit) => scene.store.readOutbox(after, limit),
      trimOutbox: (position) => scene.store.trimOutbox(position),
      lostLeases: (limit) => scene.store.lostLeases(limit),
      onSignal: () => () => {},
    },
    hub: scene.hub,
    publisher: scene.broker,
    broker: 'own',
    toMessages,
    locks: scene.store.locks,
    clock: scene.clock,
    logger: SILENT,
    owner: 'n1',
  });
  await relay.start();
  await runThrough(scene.store, 'a');
  await settled(scene);
  assert.equal(scene.broker.received.length, 0);
  await scene.pass(1000);
  assert.equal(scene.broker.received.length, 3);
  await relay.close();
});

test('a broker that is away costs bounded memory; drops are counted exactly; the newest of each task arrives in the end', async () => {
  const scene = new Scene({ queueEventsMax: 50, heldEventsMax: 100 });
  scene.broker.weather = 'down';
  await scene.relay.start();
  const ids = Array.from({ length: 40 }, (_, i) => `t${i}`);
  for (const id of ids) {
    await runThrough(scene.store, id);
    await settled(scene);
    assert.ok(scene.relay.stats().queuedEvents <= 50);
  }
  await scene.pass(3000);
  assert.ok((await scene.store.left()) <= 100, 'the outbox is bounded too');
  scene.broker.recover();
  await scene.pass(3000);
  const { published, dropped, queuedEvents } = scene.relay.stats();
  assert.equal(queuedEvents, 0);
  assert.deepEqual(dropped, { superseded: 70, overflow: 0, refused: 0 });
  assert.equal(published, 50);
  assert.equal(scene.broker.received.length, 50);
  for (const id of ids) assert.ok(scene.broker.received.includes(`${id}@3:success`), id);
  await scene.pass(2000);
  assert.equal(await scene.store.left(), 0);
  await scene.relay.close();
});

test('a broker that stands still holds up neither the hub nor the store', async () => {
  const scene = new Scene({ queueEventsMax: 50 });
  scene.broker.weather = 'slow';
  await scene.relay.start();
  let heard = 0;
  scene.hub.onAll(() => heard++);
  for (let i = 0; i < 60; i++) await runThrough(scene.store, `t${i}`);
  await settled(scene);
  assert.equal(heard, 180);
  assert.equal(scene.broker.calls, 3, 'so many batches may be under way, and no more');
  assert.ok(scene.relay.stats().queuedEvents <= 51);
  scene.broker.recover();
  await scene.pass(3000);
  const { published, dropped } = scene.relay.stats();
  assert.equal(published + dropped.superseded + dropped.overflow, 180);
  for (let i = 0; i < 40; i++) assert.ok(scene.broker.received.includes(`t${i + 20}@3:success`));
  await scene.relay.close();
});

test('several batches that are lost together come again in their order, before anything newer', async () => {
  const scene = new Scene({ queueEventsMax: 80 });
  scene.broker.weather = 'slow';
  await scene.relay.start();
  for (let i = 0; i < 12; i++) await runThrough(scene.store, `t${i}`);
  await settled(scene);
  assert.equal(scene.broker.calls, 3);
  scene.broker.recover('down');
  await settled(scene);
  assert.equal(scene.relay.stats().retries, 3);
  await runThrough(scene.store, 'late');
  scene.broker.recover();
  await scene.pass(1000);
  const expected = [...Array.from({ length: 12 }, (_, i) => `t${i}`), 'late'].flatMap((id) =>
    ['1:pending', '2:processing', '3:success'].map((change) => `${id}@${change}`),
  );
  assert.deepEqual(scene.broker.received, expected);
  await scene.relay.close();
});

test('nothing is trimmed before the broker has it', async () => {
  const scene = new Scene();
  scene.broker.weather = 'down';
  await scene.relay.start();
  await runThrough(scene.store, 'a');
  await scene.pass(5000);
  assert.equal(await scene.store.left(), 3);
  assert.equal(scene.store.trims, 0);
  scene.broker.recover();
  await scene.pass(5000);
  assert.equal(await scene.store.left(), 0);
  await scene.relay.close();
});

test('a relay that dies before the broker had everything leaves the rest to the next one', async () => {
  const first = new Scene({ flushMs: 100 });
  first.broker.weather = 'down';
  await first.relay.start();
  await runThrough(first.store, 'a');
  await settled(first);
  const closing = first.relay.close();
  await first.pass(200);
  await closing;
  first.broker.recover();
  const second = new Scene({}, first);
  await second.relay.start();
  await settled(second);
  assert.deepEqual(second.broker.received, ['a@1:pending', 'a@2:processing', 'a@3:success']);
  await second.relay.close();
});

test('a relay that dies between publish and trim publishes again: at least once, never less', async () => {
  const first = new Scene();
  await first.relay.start();
  await runThrough(first.store, 'a');
  await settled(first);
  assert.equal(first.broker.received.length, 3);
  assert.equal(first.store.trims, 0, 'published, and not yet trimmed');
  // The first relay is not closed: its process is gone.
  const second = new Scene({}, first);
  await second.relay.start();
  await settled(second);
  assert.deepEqual(second.broker.received.slice(3), ['a@1:pending', 'a@2:processing', 'a@3:success']);
  await second.relay.close();
});

test('what a crash left behind waits for subscribers to come back to the broker of this process', async () => {
  const first = new Scene({ reconnectMs: 3000 });
  await runThrough(first.store, 'a');
  first.broker.audience = false;
  await first.relay.start();
  await submit(first.store, 'b');
  await first.pass(2000);
  first.broker.audience = true;
  assert.deepEqual(first.broker.received, []);
  await first.pass(1000);
  assert.deepEqual(first.broker.received, ['a@1:pending', 'a@2:processing', 'a@3:success', 'b@1:pending']);
  await first.relay.close();
});

test('what a crash left running waits for them too, although nothing was left unpublished', async () => {
  const scene = new Scene({ reconnectMs: 3000 });
  await submit(scene.store, 'a');
  const [claimed] = await claim(scene.store);
  const entries = await scene.store.readOutbox(null, 10);
  await scene.store.trimOutbox(entries.at(-1)?.position ?? '');
  await scene.clock.advanceAsync(SETTINGS.leaseMs);
  scene.broker.audience = false;
  await scene.relay.start();
  const outcome = { kind: 'recover', error: 'its node died' } as const;
  await scene.store.settle([{ id: 'a', token: claimed?.lease.token ?? 0, outcome, handler: 'ended', by: 'sweeper' }]);
  await scene.pass(2000);
  scene.broker.audience = true;
  await scene.pass(1000);
  assert.deepEqual(scene.broker.received, ['a@3:pending']);
  await scene.relay.close();
});

test('what a crash left behind is forgotten when nobody comes back', async () => {
  const scene = new Scene({ reconnectMs: 3000 });
  await runThrough(scene.store, 'a');
  scene.broker.audience = false;
  await scene.relay.start();
  await scene.pass(5000);
  assert.equal(await scene.store.left(), 0);
  scene.broker.audience = true;
  await submit(scene.store, 'b');
  await settled(scene);
  assert.deepEqual(scene.broker.received, ['b@1:pending']);
  await scene.relay.close();
});

test('a start after a clean stop does not wait', async () => {
  const scene = new Scene();
  await scene.relay.start();
  await submit(scene.store, 'a');
  await settled(scene);
  assert.deepEqual(scene.broker.received, ['a@1:pending']);
  await scene.relay.close();
  assert.equal(await scene.store.left(), 0);
  assert.equal(scene.clock.timers, 0);
});

test('closing publishes what was written last', async () => {
  const scene = new Scene();
  await scene.relay.start();
  await settled(scene);
  const writing = runThrough(scene.store, 'a');
  await writing;
  await scene.relay.close();
  assert.equal(scene.broker.received.length, 3);
  assert.equal(await scene.store.left(), 0);
});

test('a message the broker cannot stand is given up alone; everything behind it arrives', async () => {
  const scene = new Scene();
  scene.broker.chokesOn = 'bad';
  await scene.relay.start();
  await submit(scene.store, 'a', 'bad', 'c', 'd');
  await scene.pass(60_000);
  assert.deepEqual(scene.broker.received, ['a@1:pending', 'c@1:pending', 'd@1:pending']);
  assert.deepEqual(scene.relay.stats().dropped, { superseded: 0, overflow: 0, refused: 1 });
  await scene.relay.close();
});

test('no message is given up because the broker is away, however long', async () => {
  const scene = new Scene();
  scene.broker.weather = 'down';
  await scene.relay.start();
  await submit(scene.store, 'a');
  await scene.pass(120_000);
  assert.equal(scene.relay.stats().queuedEvents, 1);
  scene.broker.recover();
  await scene.pass(3000);
  assert.deepEqual(scene.broker.received, ['a@1:pending']);
  await scene.relay.close();
});

test('an entry that cannot be decoded is counted and passed over', async () => {
  const scene = new Scene();
  await scene.relay.start();
  scene.store.unreadablePosition = '2';
  await submit(scene.store, 'a');
  await claim(scene.store);
  await submit(scene.store, 'b');
  await settled(scene);
  assert.deepEqual(scene.broker.received, ['a@1:pending', 'b@1:pending']);
  assert.equal(scene.relay.stats().unreadable, 1);
  await scene.relay.close();
});

test('a store that was away is read on from where it was', async () => {
  const scene = new Scene();
  await scene.relay.start();
  await submit(scene.store, 'a');
  await settled(scene);
  scene.store.away = true;
  await claim(scene.store);
  await scene.pass(5000);
  assert.equal(scene.broker.received.length, 1);
  scene.store.away = false;
  await scene.pass(1000);
  assert.deepEqual(scene.broker.received, ['a@1:pending', 'a@2:processing']);
  await scene.relay.close();
});

test('a listener that throws does not stop the relay', async () => {
  const scene = new Scene();
  await scene.relay.start();
  scene.hub.onAll(() => {
    throw new Error('no');
  });
  await runThrough(scene.store, 'a');
  await settled(scene);
  assert.equal(scene.broker.received.length, 3);
  await scene.relay.close();
});

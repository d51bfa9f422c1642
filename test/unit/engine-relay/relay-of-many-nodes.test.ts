// Many nodes on one store: one of them speaks to the shared broker, all of them serve their own listeners.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import { EventHub } from '../../../src/engine/push/event-hub.ts';
import { OutboxRelay, type RelayCursor, type RelaySettings } from '../../../src/engine/push/outbox-relay.ts';
import type { LockStore } from '../../../src/ports/lock-store.ts';
import { SILENT } from '../../../src/ports/logger.ts';
import { ModelStore } from '../../model/model-store.ts';
import { claim, runThrough, ScriptedBroker, SETTINGS, submit, succeed, toMessages } from './scene.ts';

class Cluster {
  readonly clock: ManualClock;
  readonly store: ModelStore;
  readonly #broker: 'own' | 'shared';
  readonly #settings: Partial<RelaySettings>;
  #saved: { position: string; fence: number } | null = null;

  /** @param beside nodes of another kind on the same store */
  constructor(broker: 'own' | 'shared', settings: Partial<RelaySettings> = {}, beside?: Cluster) {
    this.clock = beside?.clock ?? new ManualClock();
    this.store = beside?.store ?? new ModelStore(this.clock, SETTINGS);
    this.#broker = broker;
    this.#settings = settings;
  }

  readonly cursor: RelayCursor = {
    load: async () => this.#saved?.position ?? null,
    save: async (position, fence) => {
      if (!this.#saved || this.#saved.fence <= fence) this.#saved = { position, fence };
    },
  };

  async node(owner: string, how: 'with cursor' | 'plain' = 'plain'): Promise<NodeOfCluster> {
    const node = new NodeOfCluster(
      this,
      owner,
      this.#broker,
      this.#settings,
      how === 'plain' ? undefined : this.cursor,
    );
    await node.relay.start();
    await this.pass(0);
    return node;
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) await this.clock.advanceAsync(Math.min(100, left));
    for (let i = 0; i < 20; i++) await this.clock.advanceAsync(0);
  }

  async outboxSize(): Promise<number> {
    return (await this.store.readOutbox(null, 1_000_000)).length;
  }
}

class NodeOfCluster {
  readonly hub = new EventHub();
  readonly publisher = new ScriptedBroker();
  readonly relay: OutboxRelay;
  /** `cut`: this node reaches neither locks nor outbox. */
  network: 'fine' | 'no locks' | 'cut' = 'fine';

  constructor(
    { store, clock }: Cluster,
    owner: string,
    broker: 'own' | 'shared',
    settings: Partial<RelaySettings>,
    cursor: RelayCursor | undefined,
  ) {
    const reach = <T>(call: () => Promise<T>): Promise<T> =>
      this.network === 'cut' ? Promise.reject(new StoreUnavailable('cut off')) : call();
    const toLocks = <T>(call: () => Promise<T>): Promise<T> =>
      reach(this.network === 'no locks' ? () => Promise.reject(new StoreUnavailable('cut off')) : call);
    const locks: LockStore = {
      acquire: (request) => toLocks(() => store.locks.acquire(request)),
      renew: (request) => toLocks(() => store.locks.renew(request)),
      release: (key, holder) => toLocks(() => store.locks.release(key, holder)),
      holds: () => toLocks(() => store.locks.holds()),
    };
    this.relay = new OutboxRelay({
      store: {
        kind: 'redis',
        readOutbox: (after, limit) => reach(() => store.readOutbox(after, limit)),
        trimOutbox: (position) => reach(() => store.trimOutbox(position)),
        lostLeases: (limit) => reach(() => store.lostLeases(limit)),
        onSignal: (listener) => store.onSignal((signal) => this.network === 'fine' && listener(signal)),
      },
      hub: this.hub,
      publisher: this.publisher,
      broker,
      toMessages,
      locks,
      clock,
      logger: SILENT,
      owner,
      settings,
      ...(cursor ? { cursor } : {}),
    });
  }

  listen(): string[] {
    const heard: string[] = [];
    this.hub.onAll(({ taskId, version }) => heard.push(`${taskId}${version}`));
    return heard;
  }
}

test('one node publishes to the shared broker; every node feeds its own listeners', async () => {
  const cluster = new Cluster('shared');
  const [first, second] = [await cluster.node('n1'), await cluster.node('n2')];
  const heard = [first.listen(), second.listen()];
  await runThrough(cluster.store, 'a');
  await cluster.pass(100);
  assert.deepEqual(heard, [
    ['a1', 'a2', 'a3'],
    ['a1', 'a2', 'a3'],
  ]);
  assert.equal(first.publisher.received.length, 3);
  assert.equal(second.publisher.received.length, 0);
  assert.deepEqual([first.relay.stats().role, second.relay.stats().role], ['holder', 'standby']);
});

test('a node that stops hands over at once', async () => {
  const cluster = new Cluster('shared');
  const [first, second] = [await cluster.node('n1'), await cluster.node('n2')];
  await first.relay.close();
  await cluster.pass(2000);
  assert.equal(second.relay.stats().role, 'holder');
  await submit(cluster.store, 'a');
  await cluster.pass(100);
  assert.deepEqual(second.publisher.received, ['a@1:pending']);
});

test('a node that is cut off stops publishing before another one begins, and no change is lost', async () => {
  const cluster = new Cluster('shared', { lockTtlMs: 6000 });
  const [first, second] = [await cluster.node('n1'), await cluster.node('n2')];
  first.network = 'cut';
  await runThrough(cluster.store, 'a');
  let overlap = false;
  for (let i = 0; i < 90; i++) {
    await cluster.pass(100);
    overlap ||= first.relay.stats().role === 'holder' && second.relay.stats().role === 'holder';
  }
  assert.equal(overlap, false);
  assert.equal(first.relay.stats().role, 'standby');
  assert.equal(second.relay.stats().role, 'holder');
  assert.deepEqual(second.publisher.received, ['a@1:pending', 'a@2:processing', 'a@3:success']);
});

test('what waited for the broker in a node that lost the lock is published by the next one', async () => {
  const cluster = new Cluster('shared');
  const [first, second] = [await cluster.node('n1'), await cluster.node('n2')];
  first.publisher.weather = 'down';
  await runThrough(cluster.store, 'a');
  await cluster.pass(100);
  assert.equal(first.relay.stats().queuedEvents, 3);
  first.network = 'cut';
  await cluster.pass(10_000);
  assert.equal(first.relay.stats().queuedEvents, 0);
  assert.equal(second.publisher.received.length, 3);
});

test('the outbox stays readable for the other nodes for a while, then it is trimmed', async () => {
  const cluster = new Cluster('shared', { keepMs: 5000 });
  await cluster.node('n1');
  await runThrough(cluster.store, 'a');
  await cluster.pass(4000);
  assert.equal(await cluster.outboxSize(), 3);
  await cluster.pass(3000);
  assert.equal(await cluster.outboxSize(), 0);
});

test('a node whose first listener comes late misses nothing from then on, and reads nothing before', async () => {
  const cluster = new Cluster('shared');
  await cluster.node('n1');
  const second = await cluster.node('n2');
  await runThrough(cluster.store, 'a');
  await cluster.pass(60_000);
  let gaps = 0;
  const heard: string[] = [];
  second.hub.onAll(
    ({ taskId, version }) => heard.push(`${taskId}${version}`),
    () => gaps++,
  );
  await runThrough(cluster.store, 'b');
  await cluster.pass(100);
  assert.deepEqual(heard, ['b1', 'b2', 'b3']);
  assert.equal(gaps, 0);
});

test('a node that was cut off for longer than the outbox is kept tells its listeners to look again', async () => {
  const cluster = new Cluster('shared', { keepMs: 5000 });
  await cluster.node('n1');
  const second = await cluster.node('n2');
  let gaps = 0;
  second.hub.onAll(
    () => {},
    () => gaps++,
  );
  await cluster.pass(3000);
  assert.equal(gaps, 0);
  second.network = 'cut';
  await runThrough(cluster.store, 'a');
  await cluster.pass(20_000);
  assert.equal(await cluster.outboxSize(), 0);
  second.network = 'fine';
  await cluster.pass(2000);
  assert.equal(gaps, 1);
});

test('with a broker of its own in each process every node publishes, and one trims', async () => {
  const cluster = new Cluster('own', { keepMs: 1000 });
  const [first, second] = [await cluster.node('n1'), await cluster.node('n2')];
  await runThrough(cluster.store, 'a');
  await cluster.pass(100);
  assert.equal(first.publisher.received.length, 3);
  assert.equal(second.publisher.received.length, 3);
  // It waits for longer than a relay of a shared broker needs to be replaced: there might be one.
  await cluster.pass(20_000);
  assert.equal(await cluster.outboxSize(), 0);
});

test('a node without a part in the shared broker trims nothing that a relay has not published', async () => {
  const cluster = new Cluster('own', { keepMs: 1000 });
  await cluster.node('worker');
  const relay = await new Cluster('shared', { keepMs: 1000 }, cluster).node('server');
  relay.publisher.weather = 'down';
  await runThrough(cluster.store, 'a');
  await cluster.pass(60_000);
  assert.equal(await cluster.outboxSize(), 3);
  relay.publisher.weather = 'up';
  await cluster.pass(10_000);
  assert.equal(relay.publisher.received.length, 3);
  assert.equal(await cluster.outboxSize(), 0);
});

test('a node that loses the lock trims nothing of what it had not published', async () => {
  const cluster = new Cluster('shared');
  const node = await cluster.node('n1');
  node.publisher.weather = 'down';
  await runThrough(cluster.store, 'a');
  await cluster.pass(1000);
  node.network = 'no locks';
  await cluster.pass(20_000);
  assert.equal(node.relay.stats().role, 'standby');
  assert.equal(await cluster.outboxSize(), 3);
});

test('a new holder goes on where the last one was, by the cursor in the store', async () => {
  const cluster = new Cluster('shared');
  const first = await cluster.node('n1', 'with cursor');
  await submit(cluster.store, 'a');
  await cluster.pass(1500);
  await first.relay.close();
  await submit(cluster.store, 'b');
  const second = await cluster.node('n2', 'with cursor');
  await cluster.pass(100);
  assert.deepEqual(first.publisher.received, ['a@1:pending']);
  assert.deepEqual(second.publisher.received, ['b@1:pending']);
});

test('without a cursor a new holder begins with the oldest entry that is kept: rather twice than never', async () => {
  const cluster = new Cluster('shared');
  const first = await cluster.node('n1');
  await submit(cluster.store, 'a');
  await cluster.pass(1500);
  await first.relay.close();
  const second = await cluster.node('n2');
  await cluster.pass(100);
  assert.deepEqual(second.publisher.received, ['a@1:pending']);
});

test('a lock that was lost and got again goes on without loss', async () => {
  const cluster = new Cluster('shared');
  const node = await cluster.node('n1', 'with cursor');
  await submit(cluster.store, 'a');
  await cluster.pass(1500);
  const claimed = await claim(cluster.store);
  node.network = 'cut';
  await succeed(cluster.store, claimed);
  await cluster.pass(20_000);
  assert.equal(node.relay.stats().role, 'standby');
  node.network = 'fine';
  await cluster.pass(5000);
  assert.equal(node.relay.stats().role, 'holder');
  assert.equal(node.publisher.received.at(-1), 'a@3:success');
  await node.relay.close();
  assert.equal(cluster.clock.timers, 0);
  assert.deepEqual(await cluster.store.locks.holds(), []);
});

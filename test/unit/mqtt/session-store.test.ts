// Sessions of clients that are away: kept, bounded, forgotten.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionStore, type SessionStoreOptions } from '../../../src/adapters/mqtt/session-store.ts';

const limits = { sessionsMax: 3, messagesMax: 5, bytesMax: 1e6, subscriptionsMax: 4, expiryMs: 1000 };

class Scene {
  now = 0;
  readonly store: SessionStore;
  constructor(over: Partial<SessionStoreOptions['limits']> = {}) {
    this.store = new SessionStore({
      limits: { ...limits, ...over },
      monotonic: () => this.now,
      accepts: (filter) => filter.startsWith('task/'),
    });
  }

  async session(id: string, ...filters: readonly string[]): Promise<void> {
    const subscriptions = (filters.length > 0 ? filters : ['task/#']).map((topic) => ({ topic, qos: 1 }));
    await this.store.addSubscriptions({ id }, subscriptions);
  }

  async publish(count: number, payload = `m${count}`): Promise<void> {
    const packet = { cmd: 'publish', brokerCounter: count, topic: 'task/status/a', payload, qos: 1 };
    await this.store.outgoingEnqueueCombi(await this.store.subscriptionsByTopic(packet.topic), packet);
  }

  async kept(id: string): Promise<unknown[]> {
    const packets = await this.store.outgoingStream({ id }).toArray();
    return packets.map((packet: { payload?: string }) => packet.payload);
  }
}

test('messages are kept in order until they are acknowledged', async () => {
  const scene = new Scene();
  await scene.session('c');
  for (const count of [1, 2, 3]) await scene.publish(count);
  await scene.store.outgoingUpdate({ id: 'c' }, { brokerCounter: 2, messageId: 77 });
  assert.equal((await scene.store.outgoingClearMessageId({ id: 'c' }, { messageId: 77 }))?.payload, 'm2');
  assert.equal(await scene.store.outgoingClearMessageId({ id: 'c' }, { messageId: 77 }), undefined);
  assert.deepEqual(await scene.kept('c'), ['m1', 'm3']);
});

test('a session keeps the newest messages; what did not fit is counted', async () => {
  const scene = new Scene();
  await scene.session('c');
  for (let count = 1; count <= 8; count++) await scene.publish(count);
  assert.deepEqual(await scene.kept('c'), ['m4', 'm5', 'm6', 'm7', 'm8']);
  assert.equal(scene.store.dropped, 3);
});

test('a session is bounded in bytes as well', async () => {
  const scene = new Scene({ bytesMax: 5000 });
  await scene.session('c');
  for (const count of [1, 2, 3]) await scene.publish(count, 'x'.repeat(2000));
  assert.equal((await scene.kept('c')).length, 2);
});

test('a dropped message that is sent all the same does no harm', async () => {
  const scene = new Scene({ messagesMax: 1 });
  await scene.session('c');
  await scene.publish(1);
  await scene.publish(2);
  await scene.store.outgoingUpdate({ id: 'c' }, { brokerCounter: 1, messageId: 5 });
  assert.equal(await scene.store.outgoingClearMessageId({ id: 'c' }, { messageId: 5 }), undefined);
  assert.deepEqual(await scene.kept('c'), ['m2']);
});

test('a QoS 2 message is replaced by its release, and gone with its completion', async () => {
  const scene = new Scene();
  await scene.session('c');
  await scene.publish(1);
  await scene.store.outgoingUpdate({ id: 'c' }, { brokerCounter: 1, messageId: 9 });
  await scene.store.outgoingUpdate({ id: 'c' }, { cmd: 'pubrel', messageId: 9 });
  const [release] = await scene.store.outgoingStream({ id: 'c' }).toArray();
  assert.equal((release as { cmd: string }).cmd, 'pubrel');
  await scene.store.outgoingClearMessageId({ id: 'c' }, { messageId: 9 });
  assert.deepEqual(await scene.kept('c'), []);
});

test('overlapping filters of one session keep a message once', async () => {
  const scene = new Scene();
  await scene.session('c', 'task/#', 'task/status/+', 'task/status/a');
  await scene.publish(1);
  assert.equal((await scene.kept('c')).length, 1);
});

test('refused filters and more than the allowed number are not part of a session', async () => {
  const scene = new Scene();
  await scene.session('c', 'other/#', 'task/1', 'task/2', 'task/3', 'task/4', 'task/5');
  const filters = (await scene.store.subscriptionsByClient({ id: 'c' })).map(({ topic }) => topic);
  assert.deepEqual(filters, ['task/1', 'task/2', 'task/3', 'task/4']);
});

test('a session is forgotten when its client stays away, not while it is connected', async () => {
  const scene = new Scene();
  await scene.session('away');
  await scene.session('here');
  await scene.session('back');
  for (const id of ['away', 'back']) scene.store.left(id);
  scene.now = 999;
  scene.store.entered('back');
  scene.store.expire();
  assert.equal(scene.store.size, 3);
  scene.now = 1000;
  scene.store.expire();
  assert.equal(scene.store.size, 2);
  assert.equal(scene.store.subscriptions, 2);
});

test('too many sessions: the one that is away longest makes room; a connected one never does', async () => {
  const scene = new Scene();
  for (const id of ['a', 'b', 'c']) await scene.session(id);
  await scene.session('d');
  assert.equal(scene.store.size, 3, 'all are connected: the fourth gets no session');
  scene.store.left('b');
  scene.now = 5;
  scene.store.left('a');
  await scene.session('e');
  const known = await Promise.all(['a', 'b', 'c', 'e'].map((id) => scene.store.subscriptionsByClient({ id })));
  assert.deepEqual(
    known.map((subscriptions) => subscriptions.length),
    [1, 0, 1, 1],
  );
});

test('a clean session wipes what was kept', async () => {
  const scene = new Scene();
  await scene.session('c');
  await scene.publish(1);
  await scene.store.cleanSubscriptions({ id: 'c' });
  assert.deepEqual(await scene.kept('c'), []);
  assert.equal(scene.store.subscriptions, 0);
});

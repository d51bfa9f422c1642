// Nodes that an operator takes out of work: they are given nothing new until that is undone.
import assert from 'node:assert/strict';
import { aNode, HOUR, succeed } from '../builders.ts';
import { type Fixture, idOfClaimed, only } from '../fixture.ts';
import type { Suite } from '../suite.ts';

const NODE = 'node-1';

export function drainedNodes({ describe, test }: Suite): void {
  describe('a node that an operator drains', () => {
    const drained = async (s: Fixture): Promise<void> => {
      await s.store.reportNode(aNode({ id: NODE }));
      assert.deepEqual(await s.store.setDrain(NODE, 'drain'), { state: 'done' });
    };

    test('is given nothing new, and handles nothing for those who ask why a task waits', async (s) => {
      await drained(s);
      const task = await s.submit();
      assert.equal(task.pendingReason, 'no_handler');
      assert.deepEqual(await s.claim(1), []);
      const { draining, drainAsked } = only(await s.store.nodes());
      assert.deepEqual({ draining, drainAsked }, { draining: true, drainAsked: true });
    });

    test('leaves the work to other nodes', async (s) => {
      await drained(s);
      await s.store.reportNode(aNode({ id: 'other' }));
      const task = await s.submit();
      assert.equal(task.pendingReason, 'ready');
      assert.deepEqual((await s.claim(1, { nodeId: 'other' })).map(idOfClaimed), [task.id]);
    });

    test('goes on with what it runs', async (s) => {
      await s.store.reportNode(aNode({ id: NODE }));
      const running = await s.running();
      await s.store.setDrain(NODE, 'drain');
      assert.equal((await s.heartbeat(running)).state, 'held');
      assert.deepEqual(await s.settle(running, succeed()), { state: 'settled', status: 'success' });
    });

    test('answers a claim that was made before with the same leases', async (s) => {
      await s.store.reportNode(aNode({ id: NODE }));
      await s.submit();
      const request = { requestId: 'first', nodeId: NODE, types: ['mail'], count: 1 };
      const taken = await s.store.claim(request);
      await s.store.setDrain(NODE, 'drain');
      assert.deepEqual((await s.store.claim(request)).map(idOfClaimed), taken.map(idOfClaimed));
    });

    test('stays drained when it reports itself again, also with other types', async (s) => {
      await drained(s);
      await s.store.reportNode(aNode({ id: NODE, types: ['mail', 'image'] }));
      assert.equal((await s.submit({ type: 'image' })).pendingReason, 'no_handler');
      assert.equal(only(await s.store.nodes()).drainAsked, true);
      await s.store.setDrain(NODE, 'work');
      assert.equal((await s.submit({ type: 'image' })).pendingReason, 'ready');
    });

    test('works again when that is undone, and is told of what waits', async (s) => {
      await drained(s);
      const task = await s.submit();
      s.signals.length = 0;
      assert.deepEqual(await s.store.setDrain(NODE, 'work'), { state: 'done' });
      assert.equal(only(await s.store.nodes()).draining, false);
      assert.deepEqual((await s.claim(1)).map(idOfClaimed), [task.id]);
    });

    test('drains no longer once it is gone and comes back', async (s) => {
      await drained(s);
      await s.store.forgetNode(NODE);
      await s.store.reportNode(aNode({ id: NODE }));
      assert.equal(only(await s.store.nodes()).drainAsked, false);
      await s.submit();
      assert.equal((await s.claim(1)).length, 1);
    });

    test('is forgotten like any other that is silent for long', async (s) => {
      await drained(s);
      await s.clock.advance(HOUR);
      await s.store.purge(10);
      assert.deepEqual(await s.store.nodes(), []);
      await s.store.reportNode(aNode({ id: NODE }));
      assert.equal(only(await s.store.nodes()).drainAsked, false);
    });

    test('is not one that nobody knows', async (s) => {
      assert.deepEqual(await s.store.setDrain('nobody', 'drain'), { state: 'not_found' });
      assert.deepEqual(await s.store.setDrain('nobody', 'work'), { state: 'not_found' });
    });
  });

  test(
    'a drained node that is given work again hears of what waits',
    async (s) => {
      await s.store.reportNode(aNode({ id: NODE }));
      await s.claim(1);
      await s.store.setDrain(NODE, 'drain');
      await s.submit();
      s.signals.length = 0;
      await s.store.setDrain(NODE, 'work');
      await s.signal('work', ({ types }) => types.includes('mail'));
    },
    { needs: 'signals' },
  );
}

// Signals: hints that spare nodes the waiting. They may be lost on the way, but a store gives them on every path.
import assert from 'node:assert/strict';
import type { Claimed } from '../../../src/ports/task-store.ts';
import { fail, recover, release, retryIn, SECOND, succeed } from '../builders.ts';
import type { Fixture } from '../fixture.ts';
import type { Suite } from '../suite.ts';

export function signals({ describe, test }: Suite): void {
  const needs = { needs: 'signals' } as const;

  // S5 as it is felt: the node hears of work on every path into ready.
  describe('work is announced', () => {
    const PATHS: Record<string, (s: Fixture) => Promise<unknown>> = {
      'when a task is submitted': (s) => s.submit(),
      'when a delayed task becomes due': async (s) => {
        await s.submit({ due: { afterMs: SECOND } });
        s.signals.length = 0;
        await s.clock.advance(SECOND);
        await s.store.sweepTimers(10);
      },
      'when a retry becomes due': async (s) => {
        await s.settle(await s.running(), retryIn(SECOND));
        s.signals.length = 0;
        await s.clock.advance(SECOND);
        await s.store.sweepTimers(10);
      },
      'when a task is retried at once': (s) => after(s, (running) => s.settle(running, retryIn(0))),
      'when a node gives a task back': (s) => after(s, (running) => s.settle(running, release)),
      'when a task of a lost node is recovered': (s) =>
        after(s, async (running) => {
          await s.clock.advance(s.settings.leaseMs);
          await s.settle(running, recover(), { by: 'sweeper' });
        }),
      'when a task is revived': (s) =>
        after(s, async (running) => {
          await s.settle(running, fail());
          await s.revive(running.task);
        }),
      'when a slot is freed': (s) => behindFullKey(s, (running) => s.settle(running, succeed())),
      'when a draining slot is freed': (s) =>
        behindFullKey(s, async (running) => {
          await s.settle(running, fail(), { handler: 'running' });
          await s.release(running);
        }),
      'when a lease that was lost is swept': (s) =>
        behindFullKey(s, async () => {
          await s.clock.advance(s.settings.leaseMs);
          await s.store.sweepTimers(10);
        }),
      'when an operator raises a limit': (s) => behindFullKey(s, () => s.store.setLimit('k', 2)),
      'when an operator takes a limit away': async (s) => {
        await s.store.setLimit('k', 0);
        await s.submit({ key: 'k' });
        await s.claim(1);
        s.signals.length = 0;
        await s.store.setLimit('k', null);
      },
    };
    for (const [path, act] of Object.entries(PATHS)) {
      test(
        path,
        async (s) => {
          await act(s);
          await s.signal('work', ({ types }) => types.includes('mail'));
        },
        needs,
      );
    }
  });

  describe('a cancel is announced', () => {
    test(
      'to the node that runs the task, with the lease',
      async (s) => {
        await s.submit();
        const { task, lease } = await s.claimOne({ nodeId: 'node-7' });
        await s.cancel(task);
        const signal = await s.signal('cancel');
        assert.deepEqual(signal, {
          kind: 'cancel',
          nodeId: 'node-7',
          leases: [{ id: task.id, token: lease.token }],
        });
      },
      needs,
    );

    test(
      'with its reason',
      async (s) => {
        await s.submit();
        const { task, lease } = await s.claimOne({ nodeId: 'node-7' });
        await s.cancel(task, 'zurückgezogen: 日本');
        const { leases } = await s.signal('cancel');
        assert.deepEqual(leases, [{ id: task.id, token: lease.token, reason: 'zurückgezogen: 日本' }]);
      },
      needs,
    );
  });

  describe('a timer is announced', () => {
    test(
      'when something will be due earlier than the last sweep said',
      async (s) => {
        await s.submit({ due: { afterMs: 60 * SECOND } });
        assert.equal((await s.store.sweepTimers(10)).nextMs, 60 * SECOND);
        s.signals.length = 0;
        await s.submit({ due: { afterMs: 5 * SECOND } });
        assert.ok((await s.signal('timer')).inMs <= 5 * SECOND);
      },
      needs,
    );
  });

  describe('new events are announced', () => {
    test(
      'after they can be read',
      async (s) => {
        await s.submit();
        await s.signal('outbox');
        assert.equal((await s.events()).length, 1);
      },
      needs,
    );
  });

  describe('a listener', () => {
    test(
      'that has left hears nothing any more, others still do',
      async (s) => {
        const heard: string[] = [];
        const leave = s.store.onSignal(({ kind }) => heard.push(kind));
        leave();
        leave();
        await s.submit();
        await s.signal('work');
        assert.deepEqual(heard, []);
      },
      needs,
    );
  });
}

async function after(s: Fixture, act: (running: Claimed) => Promise<unknown>): Promise<void> {
  const running = await s.running();
  s.signals.length = 0;
  await act(running);
}

async function behindFullKey(s: Fixture, act: (running: Claimed) => Promise<unknown>): Promise<void> {
  const running = await s.running({ key: 'k' });
  await s.submit({ key: 'k' });
  await s.claim(1);
  s.signals.length = 0;
  await act(running);
}

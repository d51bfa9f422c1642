// Following one task: snapshot first, then each change once, then the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { StoreUnavailable } from '../../../src/domain/errors.ts';
import type { TaskWithAttempts } from '../../../src/domain/task.ts';
import type { TaskChange } from '../../../src/engine/engine.ts';
import { EventHub } from '../../../src/engine/push/event-hub.ts';
import { type WatchOptions, waitForFinal, watch } from '../../../src/engine/push/watch.ts';
import { ModelStore } from '../../model/model-store.ts';
import { claim, runThrough, SETTINGS, submit, succeed } from './scene.ts';

class Scene {
  readonly clock = new ManualClock();
  readonly hub = new EventHub();
  readonly store = new ModelStore(this.clock, SETTINGS);
  /** Runs after the store has answered and before the watcher sees the answer. */
  afterRead: () => Promise<void> = async () => {};
  reads = 0;
  #position: string | null = null;

  readonly read = async (id: string): Promise<TaskWithAttempts | null> => {
    this.reads++;
    const [task] = await this.store.get([id]);
    const then = this.afterRead;
    this.afterRead = async () => {};
    await then();
    return task ?? null;
  };

  /** Brings what is in the outbox to the hub; `lose` reads it and tells nobody. */
  async deliver(how: 'tell' | 'lose' = 'tell'): Promise<void> {
    for (const entry of await this.store.readOutbox(this.#position, 1000)) {
      this.#position = entry.position;
      if (how === 'tell') this.hub.publish(entry.events());
    }
  }

  /** Follows in the background; what came is in `seen`. */
  follow(id: string, options?: WatchOptions): { readonly seen: string[]; readonly ended: Promise<void> } {
    const seen: string[] = [];
    const run = async (): Promise<void> => {
      for await (const change of watch(this, id, options)) seen.push(told(change));
    };
    return { seen, ended: run() };
  }
}

function told(change: TaskChange): string {
  return change.kind === 'snapshot'
    ? `snapshot ${change.task.version} ${change.task.status}`
    : `event ${change.event.version} ${change.event.status}`;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a watcher sees the task as it is, then each change, and the end after the final one', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const { seen, ended } = scene.follow('a');
  await turn();
  await succeed(scene.store, await claim(scene.store));
  await scene.deliver();
  await ended;
  assert.deepEqual(seen, ['snapshot 1 pending', 'event 2 processing', 'event 3 success']);
  assert.equal(scene.hub.hasListeners(), false);
  assert.equal(scene.clock.timers, 0);
});

test('a change that commits while the snapshot is being read is neither lost nor told twice', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  scene.afterRead = async () => {
    await claim(scene.store);
    await scene.deliver();
  };
  const { seen } = scene.follow('a');
  await turn();
  await scene.deliver();
  assert.deepEqual(seen, ['snapshot 1 pending', 'event 2 processing']);
});

test('a watch of an unknown task ends at once, empty', async () => {
  const { seen, ended } = new Scene().follow('nobody');
  await ended;
  assert.deepEqual(seen, []);
});

test('a watch of a finished task is its snapshot', async () => {
  const scene = new Scene();
  await runThrough(scene.store, 'a');
  const { seen, ended } = scene.follow('a');
  await ended;
  assert.deepEqual(seen, ['snapshot 3 success']);
});

test('a watcher that comes back with the newest version it saw gets no snapshot', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  await claim(scene.store);
  const { seen } = scene.follow('a', { afterVersion: 2 });
  await turn();
  assert.deepEqual(seen, []);
  await scene.store.cancel([{ id: 'a' }]);
  await scene.deliver();
  await turn();
  assert.deepEqual(seen, ['event 3 processing']);
});

test('a watcher that comes back with an older version gets the snapshot', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  await claim(scene.store);
  const { seen } = scene.follow('a', { afterVersion: 1 });
  await turn();
  assert.deepEqual(seen, ['snapshot 2 processing']);
});

test('a watcher that comes back after the end finds the end', async () => {
  const scene = new Scene();
  await runThrough(scene.store, 'a');
  const { seen, ended } = scene.follow('a', { afterVersion: 3 });
  await ended;
  assert.deepEqual(seen, []);
});

test('a version that never came is made up for by reading the task again', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const { seen } = scene.follow('a');
  await turn();
  const claimed = await claim(scene.store);
  await scene.deliver('lose');
  await scene.store.cancel([{ id: 'a' }]);
  await scene.deliver();
  await turn();
  assert.deepEqual(seen, ['snapshot 1 pending', 'snapshot 3 processing']);
  await succeed(scene.store, claimed);
  await scene.deliver();
  await turn();
  assert.deepEqual(seen.slice(2), ['event 4 canceled']);
});

test('a gap in the hub leads to a read', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const { seen, ended } = scene.follow('a');
  await turn();
  await succeed(scene.store, await claim(scene.store));
  await scene.deliver('lose');
  scene.hub.gap();
  await ended;
  assert.deepEqual(seen, ['snapshot 1 pending', 'snapshot 3 success']);
});

test('even if every event is lost, a watcher learns the end by looking itself', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const { seen, ended } = scene.follow('a');
  await turn();
  await succeed(scene.store, await claim(scene.store));
  await scene.clock.advanceAsync(30_000);
  await ended;
  assert.deepEqual(seen, ['snapshot 1 pending', 'snapshot 3 success']);
});

test('a reader that stands still while hundreds of reports pass gets one snapshot, not a flood', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const [running] = await claim(scene.store);
  assert.ok(running);
  const iterator = watch(scene, 'a')[Symbol.asyncIterator]();
  assert.equal(told((await iterator.next()).value), 'snapshot 2 processing');
  for (let i = 0; i < 400; i++) await scene.store.progress([{ ...running.lease, progress: String(i) }]);
  await scene.deliver();
  assert.equal(told((await iterator.next()).value), 'snapshot 402 processing');
  assert.equal(scene.reads, 2);
  await iterator.return?.();
});

test('an aborted watch ends and leaves nothing behind', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const abort = new AbortController();
  const { seen, ended } = scene.follow('a', { signal: abort.signal });
  await turn();
  abort.abort();
  await ended;
  assert.deepEqual(seen, ['snapshot 1 pending']);
  assert.equal(scene.hub.hasListeners(), false);
  assert.equal(scene.clock.timers, 0);
});

test('a watch that was aborted before it began says nothing', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const { seen, ended } = scene.follow('a', { signal: AbortSignal.abort() });
  await ended;
  assert.deepEqual(seen, []);
});

test('a watch can be ended from outside while it waits', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const iterator = watch(scene, 'a')[Symbol.asyncIterator]();
  await iterator.next();
  const waiting = iterator.next();
  await iterator.return?.();
  assert.equal((await waiting).done, true);
  assert.equal(scene.hub.hasListeners(), false);
});

test('a store that is away when a watch begins is an error; later it is only waited for', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const real = scene.read;
  const away = async (): Promise<never> => {
    throw new StoreUnavailable('away');
  };
  const source = { hub: scene.hub, clock: scene.clock, read: (id: string) => (isAway ? away() : real(id)) };
  let isAway = true;
  await assert.rejects(async () => {
    for await (const _ of watch(source, 'a'));
  }, StoreUnavailable);
  assert.equal(scene.hub.hasListeners(), false);

  isAway = false;
  const iterator = watch(source, 'a')[Symbol.asyncIterator]();
  await iterator.next();
  isAway = true;
  scene.hub.gap();
  const next = iterator.next();
  await succeed(scene.store, await claim(scene.store));
  await scene.clock.advanceAsync(1000);
  isAway = false;
  await scene.clock.advanceAsync(1000);
  assert.equal(told((await next).value), 'snapshot 3 success');
});

test('a wait answers as soon as the task is final', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const waiting = waitForFinal(scene, 'a', 60_000);
  await turn();
  await succeed(scene.store, await claim(scene.store));
  await scene.deliver();
  assert.equal((await waiting)?.status, 'success');
  assert.equal(scene.hub.hasListeners(), false);
  assert.equal(scene.clock.timers, 0);
});

test('a wait that is over answers with the task as it is then', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const waiting = waitForFinal(scene, 'a', 5_000);
  await turn();
  await claim(scene.store);
  await scene.deliver('lose');
  await scene.clock.advanceAsync(5_000);
  assert.equal((await waiting)?.status, 'processing');
});

test('a wait for a finished or an unknown task does not wait', async () => {
  const scene = new Scene();
  await runThrough(scene.store, 'a');
  assert.equal((await waitForFinal(scene, 'a', 60_000))?.status, 'success');
  assert.equal(await waitForFinal(scene, 'b', 60_000), null);
});

test('a wait ends when its caller goes away', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const abort = new AbortController();
  const waiting = waitForFinal(scene, 'a', 60_000, abort.signal);
  await turn();
  abort.abort();
  assert.equal((await waiting)?.status, 'pending');
  assert.equal(scene.clock.timers, 0);
});

test('a wait reads the task once per answer, not once per report of progress', async () => {
  const scene = new Scene();
  await submit(scene.store, 'a');
  const claimed = await claim(scene.store);
  const waiting = waitForFinal(scene, 'a', 60_000);
  await turn();
  for (const { lease } of claimed)
    for (let i = 0; i < 20; i++) await scene.store.progress([{ ...lease, progress: '1' }]);
  await scene.deliver();
  await turn();
  assert.equal(scene.reads, 1);
  await succeed(scene.store, claimed);
  await scene.deliver();
  assert.equal((await waiting)?.status, 'success');
  assert.equal(scene.reads, 2);
});

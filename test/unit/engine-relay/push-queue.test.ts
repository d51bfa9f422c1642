// What waits for the broker: bounded, in order, and never without the newest word on a task if it can be helped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type PushBatch, PushQueue } from '../../../src/engine/push/push-queue.ts';
import type { TaskEvent } from '../../../src/ports/outbox.ts';
import { anEvent } from './scene.ts';

const roomy = { eventsMax: 1000, bytesMax: 1e9 };
const held = { left: 0 };
const namesOf = (events: readonly TaskEvent[]): string[] => events.map(({ taskId, version }) => `${taskId}${version}`);
const names = ({ events }: PushBatch): string[] => namesOf(events);

function fill(queue: PushQueue, ...words: readonly string[]): void {
  for (const word of words) queue.add(anEvent({ taskId: word.slice(0, 1), version: Number(word.slice(1)) }), held);
}

test('as long as there is room nothing is dropped, not even an older version', () => {
  const queue = new PushQueue(roomy);
  fill(queue, 'a1', 'b1', 'a2', 'a3');
  const batch = queue.take(10, 1e9);
  assert.deepEqual(names(batch), ['a1', 'b1', 'a2', 'a3']);
  queue.done(batch);
  assert.equal(queue.size, 0);
  assert.equal(queue.bytes, 0);
});

test('a full queue gives up replaced versions first, oldest first', () => {
  const queue = new PushQueue({ ...roomy, eventsMax: 3 });
  fill(queue, 'a1', 'b1', 'b2', 'a2', 'c1');
  assert.deepEqual(names(queue.take(10, 1e9)), ['b2', 'a2', 'c1']);
  assert.deepEqual(queue.dropped, { superseded: 2, overflow: 0, refused: 0 });
});

test('when nothing is replaced the oldest goes', () => {
  const queue = new PushQueue({ ...roomy, eventsMax: 2 });
  fill(queue, 'a1', 'b1', 'c1');
  assert.deepEqual(names(queue.take(10, 1e9)), ['b1', 'c1']);
  assert.deepEqual(queue.dropped, { superseded: 0, overflow: 1, refused: 0 });
});

test('progress does not replace a status, but the end of a task replaces its progress', () => {
  const queue = new PushQueue({ ...roomy, eventsMax: 2 });
  queue.add(anEvent({ version: 2, status: 'processing' }), held);
  queue.add(anEvent({ version: 3, status: 'processing', kind: 'progress', progress: '1' }), held);
  queue.add(anEvent({ version: 4, status: 'processing', kind: 'progress', progress: '2' }), held);
  assert.deepEqual(names(queue.take(10, 1e9)), ['t12', 't14']);
  queue.putBack();
  queue.add(anEvent({ version: 5, status: 'success' }), held);
  assert.deepEqual(names(queue.take(10, 1e9)), ['t14', 't15']);
  queue.putBack();
  fill(queue, 'b1');
  assert.deepEqual(names(queue.take(10, 1e9)), ['t15', 'b1']);
});

test('what is with the broker is not dropped; what comes back keeps its place and may be', () => {
  const queue = new PushQueue({ ...roomy, eventsMax: 2 });
  fill(queue, 'a1', 'b1');
  assert.deepEqual(names(queue.take(2, 1e9)), ['a1', 'b1']);
  fill(queue, 'a2', 'a3');
  assert.equal(queue.size, 3);
  queue.putBack();
  assert.equal(queue.size, 2);
  assert.deepEqual(names(queue.take(10, 1e9)), ['b1', 'a3']);
  assert.deepEqual(queue.dropped, { superseded: 2, overflow: 0, refused: 0 });
});

test('several batches are out at once; each ends by itself, and what comes back is in order again', () => {
  const queue = new PushQueue(roomy);
  fill(queue, 'a1', 'b1', 'a2', 'b2', 'c1');
  const [first, second, third] = [queue.take(1, 1e9), queue.take(2, 1e9), queue.take(1, 1e9)];
  assert.deepEqual([names(first), names(second), names(third)], [['a1'], ['b1', 'a2'], ['b2']]);
  queue.done(second);
  assert.equal(queue.size, 3);
  queue.putBack();
  queue.done(first);
  assert.deepEqual(names(queue.take(10, 1e9)), ['a1', 'b2', 'c1']);
});

test('large texts are bounded by bytes, and one event that is too large alone is still kept', () => {
  const queue = new PushQueue({ eventsMax: 1000, bytesMax: 10_000 });
  for (const taskId of ['a', 'b', 'c']) queue.add(anEvent({ taskId, error: 'x'.repeat(2000) }), held);
  assert.ok(queue.bytes <= 10_000);
  assert.equal(queue.size, 2);
  queue.add(anEvent({ taskId: 'd', error: 'x'.repeat(1_000_000) }), held);
  assert.deepEqual(names(queue.take(10, 1e9)), ['d1']);
});

test('a batch is bounded by count and by bytes, but is never empty while something waits', () => {
  const queue = new PushQueue(roomy);
  fill(queue, 'a1', 'b1', 'c1');
  const first = queue.take(2, 1e9);
  assert.equal(first.events.length, 2);
  queue.done(first);
  queue.add(anEvent({ taskId: 'd', progress: 'x'.repeat(1000) }), held);
  const second = queue.take(10, 1);
  assert.deepEqual(names(second), ['c1']);
  queue.done(second);
  assert.deepEqual(names(queue.take(10, 1)), ['d1']);
});

test('each entry is let go exactly once per event, however its events end', () => {
  const entry = { left: 0 };
  const queue = new PushQueue({ ...roomy, eventsMax: 3 });
  for (const version of [1, 2, 3, 4]) queue.add(anEvent({ version }), entry);
  assert.equal(entry.left, 3);
  queue.refuse(queue.take(1, 1e9));
  assert.equal(entry.left, 2);
  const late = queue.take(1, 1e9);
  queue.clear();
  queue.done(late);
  assert.equal(entry.left, 0);
  assert.equal(queue.size, 0);
});

test('whatever happens: bounds hold, nothing is lost uncounted, order is kept, and with room for one event per task the newest of each is never lost', () => {
  const tasks = 8;
  const batchMax = 4;
  const outMax = 3;
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('add' as const), task: fc.integer({ min: 0, max: tasks - 1 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: batchMax }) }),
    },
    fc.record({ do: fc.constantFrom('done' as const, 'putBack' as const, 'refuse' as const) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), fc.integer({ min: 1, max: 24 }), (actions, eventsMax) => {
      const queue = new PushQueue({ eventsMax, bytesMax: 1e9 });
      const entry = { left: 0 };
      const versions = new Map<string, number>();
      const publishedVersion = new Map<string, number>();
      let added = 0;
      let published = 0;
      const out: PushBatch[] = [];
      const outSize = (): number => out.reduce((sum, { events }) => sum + events.length, 0);
      const settle = (how: 'done' | 'putBack' | 'refuse'): void => {
        if (how === 'putBack') {
          queue.putBack();
          out.length = 0;
          return;
        }
        const batch = out.shift();
        if (!batch) return;
        if (how === 'done') {
          published += batch.events.length;
          for (const { taskId, version } of batch.events) {
            assert.ok(version > (publishedVersion.get(taskId) ?? 0), 'versions of a task rise');
            publishedVersion.set(taskId, version);
          }
        }
        queue[how](batch);
      };
      for (const step of actions) {
        if (step.do === 'add') {
          const taskId = `t${step.task}`;
          const version = (versions.get(taskId) ?? 0) + 1;
          versions.set(taskId, version);
          queue.add(anEvent({ taskId, version }), entry);
          added++;
        } else if (step.do === 'take') {
          if (out.length < outMax) out.push(queue.take(step.count, 1e9));
        } else {
          settle(step.do);
        }
        const { superseded, overflow, refused } = queue.dropped;
        assert.equal(added, published + queue.size + superseded + overflow + refused);
        assert.equal(entry.left, queue.size);
        assert.ok(queue.size <= Math.max(eventsMax, outSize() + 1));
      }
      settle('putBack');
      const rest = queue.take(1000, 1e9).events;
      if (eventsMax < tasks + batchMax * outMax) return;
      assert.equal(queue.dropped.overflow, 0);
      if (queue.dropped.refused > 0) return;
      for (const [taskId, version] of versions) {
        const kept = rest.findLast((event) => event.taskId === taskId)?.version ?? publishedVersion.get(taskId);
        assert.equal(kept, version);
      }
    }),
  );
});

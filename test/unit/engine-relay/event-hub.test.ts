// The hub: who hears what.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventHub } from '../../../src/engine/push/event-hub.ts';
import { anEvent } from './scene.ts';

test('a follower of one task hears that task only, in order', () => {
  const hub = new EventHub();
  const heard: string[] = [];
  hub.onTask('a', (event) => heard.push(`${event.taskId}${event.version}`));
  hub.publish([anEvent({ taskId: 'a' }), anEvent({ taskId: 'b' }), anEvent({ taskId: 'a', version: 2 })]);
  assert.deepEqual(heard, ['a1', 'a2']);
});

test('a follower of all tasks hears all of them', () => {
  const hub = new EventHub();
  const heard: string[] = [];
  hub.onAll((event) => heard.push(event.taskId));
  hub.publish([anEvent({ taskId: 'a' }), anEvent({ taskId: 'b' })]);
  assert.deepEqual(heard, ['a', 'b']);
});

test('who has left hears nothing more, and leaves nothing behind', () => {
  const hub = new EventHub();
  const heard: number[] = [];
  const leave = [1, 2].map((who) => hub.onTask('a', () => heard.push(who)));
  const leaveAll = hub.onAll(() => heard.push(3));
  leave[0]?.();
  leave[0]?.();
  leaveAll();
  hub.publish([anEvent({ taskId: 'a' })]);
  assert.deepEqual(heard, [2]);
  assert.equal(hub.hasListeners(), true);
  leave[1]?.();
  assert.equal(hub.hasListeners(), false);
});

test('a listener that throws costs the others nothing, and is reported', () => {
  const faults: unknown[] = [];
  const hub = new EventHub({ onFault: (error) => faults.push(error) });
  const heard: number[] = [];
  hub.onTask('t1', () => {
    throw new Error('no');
  });
  hub.onTask('t1', (event) => heard.push(event.version));
  hub.publish([anEvent(), anEvent({ version: 2 })]);
  assert.deepEqual(heard, [1, 2]);
  assert.equal(faults.length, 2);
});

test('a listener may leave, and another come, while events are handed out', () => {
  const hub = new EventHub();
  const heard: string[] = [];
  const leave = hub.onTask('t1', (event) => {
    heard.push(`first${event.version}`);
    leave();
    hub.onTask('t1', (later) => heard.push(`second${later.version}`));
  });
  hub.publish([anEvent(), anEvent({ version: 2 })]);
  assert.deepEqual(
    heard.filter((what) => what.startsWith('first')),
    ['first1'],
  );
  assert.ok(heard.includes('second2'));
});

test('a gap reaches every listener that wants to know', () => {
  const hub = new EventHub();
  const told: string[] = [];
  hub.onTask(
    'a',
    () => {},
    () => told.push('a'),
  );
  hub.onTask('b', () => {});
  hub.onAll(
    () => {},
    () => told.push('all'),
  );
  hub.gap();
  assert.deepEqual(told, ['a', 'all']);
});

test('the first listener of an empty hub is announced, each time', () => {
  const hub = new EventHub();
  let announced = 0;
  hub.onFirstListener(() => announced++);
  const leave = hub.onTask('a', () => {});
  const leaveToo = hub.onAll(() => {});
  assert.equal(announced, 1);
  leave();
  leaveToo();
  hub.onAll(() => {});
  assert.equal(announced, 2);
});

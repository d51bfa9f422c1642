// Events in the outbox: what is said once for many comes back whole, in order, whoever wrote it.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EventText, type EventTuple, eventsOf } from '../../../src/adapters/sqlite/event-text.ts';

const started = (id: string, version: number, more: Partial<{ at: number; type: string }> = {}): EventTuple => [
  0,
  id,
  more.type ?? 'mail',
  1,
  version,
  more.at ?? 1000,
  0,
  'node',
  null,
  null,
  null,
  0,
];
const failed: EventTuple = [0, 'f', 'mail', 3, 5, 1000, 2, 'node', 'no \u0000 luck', 'handler_error', '{"a":1}', 0];
const progress: EventTuple = [1, 'p', 'mail', 1, 3, 1000, 0, 'node', null, null, '0.5', 0];
const asked: EventTuple = [0, 'c', 'mail', 1, 3, 1000, 0, 'node', null, null, null, 1];
const ALL = [
  started('a', 2),
  started('b', 4),
  failed,
  started('c', 2),
  progress,
  asked,
  started('d', 2, { at: 1001 }),
  started('e', 2, { at: 1001, type: 'call' }),
  started('e', 3, { at: 1001, type: 'call' }),
];

it('events come back as they were, in order', () => {
  const text = new EventText();
  for (const event of ALL) text.add(event);
  assert.deepEqual(eventsOf(text.take()), eventsOf(JSON.stringify(ALL)), 'the latter is how older versions wrote them');
  assert.ok(text.isEmpty);
});

it('events that differ in the task alone share what they say', () => {
  const text = new EventText();
  for (let number = 0; number < 50; number++) text.add(started(`task-${number}`, 2));
  assert.ok(text.take().length < 50 * 'task-00'.length * 2);
});

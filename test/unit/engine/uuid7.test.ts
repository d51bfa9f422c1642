// Ids are UUIDv7, never repeat, and sort in the order in which they were made.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { createUuid7 } from '../../../src/engine/uuid7.ts';

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('an id', () => {
  it('is a UUIDv7 that carries the time it was made', () => {
    const clock = new ManualClock();
    const id = createUuid7(clock, 'node')();
    assert.match(id, UUID7);
    assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), clock.now());
  });

  it('sorts after every id made before it, also within one millisecond and after the clock was set back', () => {
    const clock = new ManualClock();
    const newId = createUuid7(clock, 'node');
    let last = '';
    for (let n = 0; n < 100_000; n++) {
      if (n % 1000 === 0) clock.advance(1);
      if (n % 7777 === 0) clock.set(clock.now() - 3_600_000);
      const id = newId();
      assert.ok(id > last, `${id} after ${last}`);
      last = id;
    }
    assert.match(last, UUID7);
  });

  it('goes on in the next millisecond when one has no numbers left', () => {
    const clock = new ManualClock();
    // Chance beyond its bounds starts the counter just below its end, which takes 33 million ids otherwise.
    clock.random = () => 2 - 2 ** -20;
    const newId = createUuid7(clock, 'node');
    const start = newId();
    let last = start;
    for (let n = 0; n < 100; n++) {
      const id = newId();
      assert.ok(id > last, `${id} after ${last}`);
      last = id;
    }
    assert.match(last, UUID7);
    assert.notEqual(last.slice(0, 13), start.slice(0, 13));
  });

  it('differs between nodes that share the same chance and the same instant', () => {
    const ids = ['a', 'b', 'c'].map((name) => createUuid7(new ManualClock({ seed: 1 }), name)());
    assert.equal(new Set(ids).size, 3);
  });
});

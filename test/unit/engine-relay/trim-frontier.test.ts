// What may be trimmed: an unbroken run from the oldest on, not before its time, and at the latest when too much is held.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrimFrontier } from '../../../src/engine/push/trim-frontier.ts';

const roomy = { keepMs: 0, heldEventsMax: 1000 };

test('an entry that waits holds back all later ones', () => {
  const frontier = new TrimFrontier(roomy);
  const [first, second] = [frontier.add('1', 1, 0), frontier.add('2', 1, 0)];
  first.left = 1;
  second.left = 0;
  assert.equal(frontier.advanceDone(), null);
  assert.equal(frontier.advance(0), null);
  first.left = 0;
  assert.equal(frontier.advanceDone(), '2');
  assert.equal(frontier.advance(0), '2');
  assert.equal(frontier.size, 0);
});

test('a position is said once', () => {
  const frontier = new TrimFrontier(roomy);
  frontier.add('1', 1, 0);
  assert.equal(frontier.advanceDone(), '1');
  assert.equal(frontier.advance(0), '1');
  assert.equal(frontier.advanceDone(), null);
  assert.equal(frontier.advance(0), null);
});

test('what is done stays readable for others until its time is over', () => {
  const frontier = new TrimFrontier({ ...roomy, keepMs: 100 });
  frontier.add('1', 1, 0);
  frontier.add('2', 1, 50);
  assert.equal(frontier.advanceDone(), '2');
  assert.equal(frontier.advance(99), null);
  assert.equal(frontier.advance(100), '1');
  assert.equal(frontier.advance(150), '2');
});

test('when too many events are held the oldest are let go, no more than needed', () => {
  const frontier = new TrimFrontier({ ...roomy, heldEventsMax: 10 });
  for (let i = 1; i <= 5; i++) frontier.add(String(i), 4, 0).left = 4;
  assert.equal(frontier.advanceDone(), '3');
  assert.equal(frontier.advance(0), '3');
  assert.equal(frontier.size, 2);
});

test('a million entries pass through without piling up', () => {
  const frontier = new TrimFrontier(roomy);
  for (let i = 0; i < 1_000_000; i++) {
    frontier.add(String(i), 1, 0);
    frontier.advanceDone();
    frontier.advance(0);
  }
  assert.equal(frontier.size, 0);
});

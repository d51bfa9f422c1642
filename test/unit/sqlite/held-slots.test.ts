// The index of held slots: what a key counts, and that the audit would see any slot too many or too few.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HeldSlots } from '../../../src/adapters/sqlite/held-slots.ts';

const LIMITS = [
  { key: 'user', max: 2 },
  { key: 'type:mail', max: Number.MAX_SAFE_INTEGER },
];

it('a lease holds one slot of each of its keys until it is freed, and freeing twice is freeing once (S3)', () => {
  const held = new HeldSlots();
  held.take(LIMITS, 1, 10);
  held.take(LIMITS, 2, 11);
  assert.equal(held.count('user'), 2);
  held.free(LIMITS, 10);
  held.free(LIMITS, 10);
  assert.deepEqual(held.of('user'), [{ seq: 2, token: 11, max: 2 }]);
  held.free(LIMITS, 11);
  assert.deepEqual(held.keys(), [], 'a key nobody holds is forgotten');
});

it('another token frees nothing', () => {
  const held = new HeldSlots();
  held.take(LIMITS, 1, 10);
  held.free(LIMITS, 9);
  assert.equal(held.count('user'), 1);
});

it('tells slots without a lease and leases without a slot (S4)', () => {
  const [has, should] = [new HeldSlots(), new HeldSlots()];
  has.take([{ key: 'a', max: 1 }], 1, 10);
  should.take([{ key: 'b', max: 1 }], 2, 11);
  assert.deepEqual(has.differences(should), [
    'slot of a for task number 1 belongs to no running task',
    'running task number 2 lacks its slot of b',
  ]);
  assert.deepEqual(has.differences(has), []);
});

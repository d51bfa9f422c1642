// Which limits a task faces.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { byPayload, byType, type Limit, laneName, limitsOf, typeKey } from '../../../src/domain/concurrency.ts';

const names = fc.constantFrom('a', 'b', 'user:1', 'type:mail', '键', '"\n');
const limits: fc.Arbitrary<Limit[]> = fc.array(fc.record({ key: names, max: fc.integer({ min: 1, max: 9 }) }));
const asked = fc.record({
  type: fc.constantFrom('mail', 'image'),
  concurrencyKey: fc.option(names),
  maxConcurrency: fc.option(fc.integer({ min: 1, max: 9 })),
});
const plain = { type: 'mail', concurrencyKey: null, maxConcurrency: null };
const facing = (payload: unknown, type = 'mail') => ({ type, payload, priority: 0, tags: [] });

describe('the limits of a task', () => {
  it('name each key once, sorted, with the smallest maximum anybody gave it', () => {
    fc.assert(
      fc.property(asked, limits, (wish, added) => {
        const faced = limitsOf(wish, added);
        const everything = [...limitsOf(wish), ...added];
        assert.deepEqual(
          faced.map(({ key }) => key),
          [...new Set(everything.map(({ key }) => key))].sort(),
        );
        for (const { key, max } of faced) {
          assert.equal(max, Math.min(...everything.filter((limit) => limit.key === key).map((limit) => limit.max)));
        }
      }),
    );
  });

  it('do not depend on the order in which strategies added them', () => {
    fc.assert(
      fc.property(asked, limits, (wish, added) => {
        assert.deepEqual(limitsOf(wish, added), limitsOf(wish, added.toReversed()));
      }),
    );
  });

  it('are none when nobody asked for one', () => {
    assert.deepEqual(limitsOf(plain), []);
  });

  it('are 1 for a key without a maximum', () => {
    assert.deepEqual(limitsOf({ ...plain, concurrencyKey: 'user:1' }), [{ key: 'user:1', max: 1 }]);
  });

  it('are those of the type for a maximum without a key', () => {
    assert.deepEqual(limitsOf({ ...plain, maxConcurrency: 4 }), [{ key: typeKey('mail'), max: 4 }]);
  });

  it('are the maximum of the key when both are given', () => {
    const wish = { ...plain, concurrencyKey: 'user:1', maxConcurrency: 4 };
    assert.deepEqual(limitsOf(wish), [{ key: 'user:1', max: 4 }]);
  });
});

describe('a lane', () => {
  it('is shared by exactly the tasks of one type that face the same limits', () => {
    fc.assert(
      fc.property(asked, limits, asked, limits, (wish, added, otherWish, otherAdded) => {
        const faced = limitsOf(wish, added);
        const otherFaced = limitsOf(otherWish, otherAdded);
        const isSame = wish.type === otherWish.type && JSON.stringify(faced) === JSON.stringify(otherFaced);
        assert.equal(laneName(wish.type, faced) === laneName(otherWish.type, otherFaced), isSame);
      }),
    );
  });
});

describe('the strategy by type', () => {
  it('limits the named types and no other', () => {
    const strategy = byType({ mail: 10 });
    assert.deepEqual(strategy(facing(null)), { key: 'type:mail', max: 10 });
    assert.equal(strategy(facing(null, 'image')), null);
  });

  it('takes no limit from what every object inherits', () => {
    assert.equal(byType({})(facing(null, 'constructor')), null);
  });
});

describe('the strategy by payload', () => {
  const strategy = byPayload('user_id', 3);

  it('limits each value of the field on its own', () => {
    assert.deepEqual(strategy(facing({ user_id: 'ann' })), { key: 'user_id:ann', max: 3 });
    assert.deepEqual(strategy(facing({ user_id: 7 })), { key: 'user_id:7', max: 3 });
    assert.deepEqual(strategy(facing({ user_id: { org: 1 } })), { key: 'user_id:{"org":1}', max: 3 });
  });

  it('leaves a task without the field alone', () => {
    for (const payload of [{}, { user_id: null }, { user_id: undefined }, null, 'text', 5, [], { other: 1 }]) {
      assert.equal(strategy(facing(payload)), null);
    }
  });

  it('takes no value from what every object inherits', () => {
    assert.equal(byPayload('constructor', 1)(facing({})), null);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByToken } from '../../../src/worker/by-token.ts';

describe('what is found by its token', () => {
  it('is found until it is deleted, also among tokens that lie together', () => {
    const held = new ByToken<{ readonly token: number }>();
    const ones = Array.from({ length: 2000 }, (_, index) => ({ token: index * 128 + 1 }));
    for (const one of ones) held.add(one);
    assert.equal(held.size, 2000);
    for (const one of ones) assert.equal(held.get(one.token), one);
    for (const [index, one] of ones.entries()) if (index % 3 !== 0) assert.equal(held.delete(one), true);
    for (const [index, one] of ones.entries()) assert.equal(held.get(one.token), index % 3 === 0 ? one : undefined);
    assert.equal(held.size, 667);
    assert.equal(held.all().length, 667);
  });

  it('is told apart from something else with the same token', () => {
    const held = new ByToken<{ readonly token: number }>();
    const one = { token: 2 ** 52 };
    held.add(one);
    assert.equal(held.delete({ token: 2 ** 52 }), false);
    assert.equal(held.get(2 ** 52), one);
  });
});

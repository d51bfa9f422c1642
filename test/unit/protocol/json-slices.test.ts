import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { elementsOf, isDeeperThan, membersOf, withoutSpace } from '../../../src/protocol/json-slices.ts';

/** The same value, written with white space wherever JSON allows it. */
function spaced(value: unknown, gap: string): string {
  if (Array.isArray(value)) return `[${gap}${value.map((one) => spaced(one, gap)).join(`${gap},${gap}`)}${gap}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}${gap}:${gap}${spaced(one, gap)}`);
  return `{${gap}${members.join(`${gap},${gap}`)}${gap}}`;
}

const gap = fc.constantFrom('', ' ', '\n', '\t', '\r\n  ');
const text = fc.string({
  unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'a', '😀', '\u0000', '\ud800'),
});
const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, fc.constantFrom(null, true, 0, -1.5, 1e21), text, tie('list'), tie('object')),
  list: fc.array(tie('any'), { maxLength: 4 }),
  object: fc.dictionary(text, tie('any'), { maxKeys: 4 }),
}));

describe('the parts of a JSON text', () => {
  it('are found where the members of an object stand, whatever strings hold', () => {
    fc.assert(
      fc.property(value.object, gap, gap, (object, inside, around) => {
        const written = around + spaced(object, inside) + around;
        const found = membersOf(written).map(({ name, start, end }) => [name, JSON.parse(written.slice(start, end))]);
        assert.deepEqual(found, Object.entries(JSON.parse(written) as object));
      }),
    );
  });

  it('are found where the elements of a list stand', () => {
    fc.assert(
      fc.property(value.list, gap, (list, inside) => {
        const written = spaced(list, inside);
        assert.deepEqual(
          elementsOf(written).map(({ start, end }) => JSON.parse(written.slice(start, end)) as unknown),
          JSON.parse(written),
        );
      }),
    );
  });

  it('keep every digit and escape of a value as it is written', () => {
    const written = '{"a": 123456789012345678901234567890, "b" : 1e400 ,"c":-0.0,"d":"\\ud800\\u0041\\/","e":[ ] }';
    const slices = membersOf(written).map(({ start, end }) => written.slice(start, end));
    assert.deepEqual(slices, ['123456789012345678901234567890', '1e400', '-0.0', '"\\ud800\\u0041\\/"', '[ ]']);
  });

  it('name a member by what its escapes mean, and a doubled one twice', () => {
    const names = membersOf('{"a":1,"\\u0061":2,"__proto__":3,"a\\"b\\\\":4}').map(({ name }) => name);
    assert.deepEqual(names, ['a', 'a', '__proto__', 'a"b\\']);
  });
});

describe('nesting', () => {
  it('counts lists and objects, not brackets in strings', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    assert.equal(isDeeperThan(deep(64), 64), false);
    assert.equal(isDeeperThan(deep(65), 64), true);
    assert.equal(isDeeperThan('{"a":[{"b":"[[[[[[\\"[[["}],"c":[[]]}', 3), false);
    assert.equal(isDeeperThan('{"a":[{"b":[]}]}', 3), true);
    assert.equal(isDeeperThan('"[[[["', 0), false);
  });

  it('of a million levels is judged without a stack of its own', () => {
    const deep = '[{"a":'.repeat(500_000) + '1' + '}]'.repeat(500_000);
    assert.equal(isDeeperThan(deep, 64), true);
    assert.deepEqual(membersOf(`{"payload":${deep}}`)[0]?.end, deep.length + 11);
  });
});

it('leaving white space out changes nothing that means something', () => {
  fc.assert(
    fc.property(value.any, gap, (one, inside) => {
      assert.equal(withoutSpace(spaced(one, inside)), JSON.stringify(one));
    }),
  );
});

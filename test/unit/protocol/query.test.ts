import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Type } from 'typebox';
import { queryReader, splitQuery } from '../../../src/protocol/query.ts';
import { Tag } from '../../../src/protocol/schemas/fields.ts';

const read = queryReader(
  Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      wait: Type.Optional(Type.Number({ minimum: 0, maximum: 60 })),
      tag: Type.Optional(Tag),
    },
    { additionalProperties: false },
  ),
);
const of = (text: string) => read(splitQuery(text));
const pathsOf = (text: string) => {
  const parsed = of(text);
  return parsed.ok ? [] : parsed.faults.map(({ path }) => path);
};

describe('query parameters', () => {
  it('are read as what they are meant to be', () => {
    const parsed = of('limit=10&wait=0.5&tag=a%20b+c%2F%F0%9F%98%80&');
    assert.deepEqual(parsed, {
      ok: true,
      value: Object.assign(Object.create(null), { limit: 10, wait: 0.5, tag: 'a b c/😀' }),
    });
    assert.ok(of('').ok);
  });

  for (const text of [
    'limit=',
    'limit=0',
    'limit=1001',
    'limit=1e2',
    'limit=0x10',
    'limit=1.0',
    'limit=%31%30x',
    'limit',
    'limit= 1',
    'limit=99999999999999999999',
    'limit=NaN',
  ]) {
    it(`${text} is no limit`, () => assert.deepEqual(pathsOf(text), ['/limit']));
  }
  for (const text of ['wait=-1', 'wait=61', 'wait=', 'wait=Infinity', 'wait=1e1', 'wait=.5']) {
    it(`${text} is no wait`, () => assert.deepEqual(pathsOf(text), ['/wait']));
  }

  it('that are not known, given twice or badly encoded are all named', () => {
    assert.deepEqual(pathsOf('limits=1&limit=2&limit=3&tag=%zz&%E0%A4%A=1&__proto__=1').sort(), [
      '/%E0%A4%A=1',
      '/__proto__',
      '/limit',
      '/limits',
      '/tag',
    ]);
    const parsed = of('limits=1');
    assert.ok(!parsed.ok);
    assert.deepEqual(parsed.faults, [{ path: '/limits', message: 'is not known; did you mean limit?' }]);
  });

  it('of any bytes are read without an exception', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => assert.equal(typeof of(text).ok, 'boolean')));
  });
});

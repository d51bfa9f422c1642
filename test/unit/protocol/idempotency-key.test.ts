import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalBody, parseIdempotencyKey } from '../../../src/protocol/idempotency-key.ts';

describe('an Idempotency-Key', () => {
  for (const [header, key] of [
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['"a b, c"', 'a b, c'],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ['k'.repeat(255), 'k'.repeat(255)],
    [`"${'k'.repeat(255)}"`, 'k'.repeat(255)],
  ] as const) {
    it(`${header.slice(0, 40)} is ${key.slice(0, 40)}`, () => assert.equal(parseIdempotencyKey(header), key));
  }

  for (const header of [
    '',
    '""',
    '"a',
    'a"',
    'a b',
    'a,b',
    '"a", "b"',
    'é',
    '"é"',
    '\u0000',
    String.raw`"a\b"`,
    'k'.repeat(256),
  ]) {
    it(`is not ${JSON.stringify(header.slice(0, 40))}`, () => assert.equal(parseIdempotencyKey(header), null));
  }
});

describe('two bodies are the same submit', () => {
  const same = (a: string, b: string) => canonicalBody(a) === canonicalBody(b);

  it('when only white space and the order of members differ', () => {
    assert.ok(same('{"type":"a","payload":{"x":[1,2]}}', ' {\n"payload" : { "x":[1, 2] },"type":"a" } '));
    assert.ok(same('{"typ\\u0065":"a"}', '{"type":"a"}'));
  });

  it('but not when a payload differs, be it in the order of its members or a digit', () => {
    assert.ok(!same('{"type":"a","payload":{"x":1,"y":2}}', '{"type":"a","payload":{"y":2,"x":1}}'));
    assert.ok(!same('{"payload":1.0}', '{"payload":1}'));
    assert.ok(!same('{"payload":"a b"}', '{"payload":"ab"}'));
    assert.ok(!same('{"type":"a"}', '{"type":"a","payload":{}}'));
  });
});

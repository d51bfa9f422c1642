// Which MQTT version is spoken next to a broker that may know only one of the two.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, ProtocolChoice } from '../../../src/adapters/mqtt/protocol-choice.ts';

const withCode = (code: string | number, message = 'failed'): Error => Object.assign(new Error(message), { code });

test('MQTT 5 is tried first, and 3.1.1 with a broker that refuses it', () => {
  const choice = new ProtocolChoice('auto');
  assert.equal(choice.next, 5);
  choice.failed('refused');
  assert.equal(choice.next, 4);
  choice.ended();
  assert.equal(choice.next, 4, 'it has said what it knows');
});

test('a broker that closes without a word is tried with both in turn; after a connection 5 comes first again', () => {
  const choice = new ProtocolChoice('auto');
  const tried = [choice.next];
  for (let i = 0; i < 3; i++) {
    choice.failed('closed');
    tried.push(choice.next);
  }
  assert.deepEqual(tried, [5, 4, 5, 4]);
  choice.ended();
  assert.equal(choice.next, 5);
});

test('a broker that cannot be reached says nothing about versions', () => {
  const choice = new ProtocolChoice('auto');
  choice.failed('unreachable');
  assert.equal(choice.next, 5);
});

test('a broker that was replaced by one that refuses 3.1.1 is found as well', () => {
  const choice = new ProtocolChoice('auto');
  choice.failed('refused');
  choice.failed('refused');
  assert.equal(choice.next, 5);
});

for (const version of [4, 5] as const) {
  test(`a version that was set is kept whatever happens: ${version}`, () => {
    const choice = new ProtocolChoice(version);
    for (const why of ['refused', 'closed', 'unreachable'] as const) choice.failed(why);
    choice.ended();
    assert.equal(choice.next, version);
  });
}

test('errors tell a refused version from a wrong password, a silent close and a broker that is away', () => {
  assert.equal(failureOf(withCode(1)), 'refused');
  assert.equal(failureOf(withCode(0x84)), 'refused');
  assert.equal(failureOf(withCode(5)), 'unreachable');
  assert.equal(failureOf(withCode('ECONNREFUSED')), 'unreachable');
  assert.equal(failureOf(withCode('DEPTH_ZERO_SELF_SIGNED_CERT')), 'unreachable');
  assert.equal(failureOf(new Error('connack timeout')), 'unreachable');
  assert.equal(failureOf(new Error('Cannot parse')), 'closed');
  assert.equal(failureOf(null), 'closed');
});

// Where a key belongs must not differ from what other clients of Kafka say: the library's own figures are the measure.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { compatibilityPartitioner } from '@platformatic/kafka';
import { partitionHash } from '../../../src/adapters/kafka/partition-hash.ts';

void it('a key has the partition that the client library and the Java client give it', () => {
  // From the tests of the Java client, made positive.
  assert.equal(partitionHash(Buffer.from('21')), -973932308 & 0x7fffffff);
  assert.equal(partitionHash(Buffer.from('foobar')), -790332482 & 0x7fffffff);
  assert.equal(partitionHash(Buffer.from('a-little-bit-long-string')), -985981536 & 0x7fffffff);
  for (let length = 0; length < 60; length++) {
    const key = randomBytes(length);
    assert.equal(partitionHash(key), compatibilityPartitioner({ topic: '' }, key), key.toString('hex'));
  }
});

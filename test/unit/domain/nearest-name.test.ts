import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearestName } from '../../../src/domain/nearest-name.ts';

const NAMES = ['server.port', 'server.host', 'queue.max_concurrency', 'queue.lease', 'store'];

it('finds what was probably meant', () => {
  assert.equal(nearestName('server.prot', NAMES), 'server.port');
  assert.equal(nearestName('sever.port', NAMES), 'server.port');
  assert.equal(nearestName('queue.maxConcurrency', NAMES), 'queue.max_concurrency');
  assert.equal(nearestName('max_concurrency', NAMES), 'queue.max_concurrency');
  assert.equal(nearestName('stoer', NAMES), 'store');
});

it('says nothing rather than something far off', () => {
  assert.equal(nearestName('colour', NAMES), null);
  assert.equal(nearestName('x', NAMES), null);
});

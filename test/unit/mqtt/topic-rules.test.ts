// Which subscriptions are granted, in the embedded broker and over the bridge to a shared one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canMatchBelow, staysWithin } from '../../../src/adapters/mqtt/topic-rules.ts';
import { BASES } from './scene.ts';

const cases: readonly [filter: string, embedded: boolean, bridge: boolean][] = [
  ['task/#', true, true],
  ['task/status/#', true, true],
  ['task/progress/+', true, true],
  ['task/status/0199-x', true, true],
  ['task/status/status/failed', true, true],
  ['task/+/0199-x', true, true],
  ['#', true, false],
  ['+/status/#', true, false],
  ['+/+/+', true, false],
  ['task/status', false, true],
  ['task/+', false, true],
  ['other/#', false, false],
  ['tasks/#', false, false],
  ['task/statuses/#', false, true],
  ['$SYS/#', false, false],
  ['$share/g/task/#', false, false],
  ['', false, false],
  ['task/#/x', false, false],
  ['task/st+/x', false, false],
  ['task/status/a\0b', false, false],
  [`task/status/${'x'.repeat(600)}`, false, false],
];

for (const [filter, embedded, bridge] of cases) {
  test(`"${filter.slice(0, 40)}" is ${embedded ? 'granted' : 'refused'} here and ${bridge ? 'granted' : 'refused'} on the bridge`, () => {
    assert.equal(canMatchBelow(filter, BASES), embedded);
    assert.equal(staysWithin(filter, BASES), bridge);
  });
}

test('bases without a common parent open nothing beside themselves', () => {
  assert.equal(staysWithin('status/#', ['status', 'progress']), true);
  assert.equal(staysWithin('#', ['status', 'progress']), false);
  assert.equal(staysWithin('a/#', ['a/status', 'b/progress']), false);
});

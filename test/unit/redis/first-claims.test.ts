// What a node remembers of what it claimed, and how it tells it with its settlements.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FirstClaims } from '../../../src/adapters/redis/first-claims.ts';
import { SettlementRuns } from '../../../src/adapters/redis/settlement-runs.ts';

const MAIL = Buffer.from('mail');
const IMAGE = Buffer.from('image');

it('a claim is known by its token until very many others came', () => {
  const claims = new FirstClaims();
  claims.add(7, 70, MAIL);
  claims.add(8, 80, Buffer.from('mail'));
  claims.add(9, 90, IMAGE);
  assert.deepEqual(claims.get(7), { seq: 70, group: MAIL });
  assert.equal(claims.get(7)?.group, claims.get(8)?.group, 'equal groups are one');
  assert.deepEqual(claims.get(9), { seq: 90, group: IMAGE });
  assert.equal(claims.get(10), undefined);
  assert.equal(claims.get(Number.NaN), undefined);
  assert.equal(claims.get(-1), undefined);
  for (let token = 10; token < 60_000; token++) claims.add(token, token * 10, MAIL);
  assert.equal(claims.get(7), undefined);
  assert.deepEqual(claims.get(59_999), { seq: 599_990, group: MAIL });
});

it('settlements of one kind and group whose numbers follow each other are one run', () => {
  const runs = new SettlementRuns(8);
  const of = (seq: number, group: Buffer) => ({ seq, group });
  runs.add('s', of(1, MAIL));
  runs.add('s', of(2, MAIL));
  runs.add('r', of(3, MAIL));
  runs.add('r', of(4, IMAGE));
  runs.add('r', of(6, IMAGE));
  runs.add('x', undefined);
  runs.add('x', undefined);
  const bytes = runs.done();
  const list: number[][] = [];
  for (let at = 0; at < bytes.length; at += 10) {
    list.push([bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2), bytes.readUIntBE(at + 4, 6)]);
  }
  assert.deepEqual(list, [
    [2, 1, 1],
    [1, 1, 3],
    [1, 2, 4],
    [1, 2, 6],
    [2, 0, 0],
  ]);
  assert.deepEqual(runs.groups, [MAIL, IMAGE]);
});

// docs/redis-keys.md and the program name the same keys, and every key carries the hash tag of its shard.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CHANNEL_NAMES, KEY_NAMES, shardKeys } from '../../../src/adapters/redis/keys.ts';

const page = readFileSync(new URL('../../../docs/redis-keys.md', import.meta.url), 'utf8');

/** First two cells of each row of a table: the name and how the key begins. */
const rows = [...page.matchAll(/^\| `(\w+)` \| `([^`]+)`/gm)].map(([, name = '', key = '']) => [name, key] as const);

void describe('docs/redis-keys.md', () => {
  void it('lists each key and channel of the program, once, as it is written', () => {
    const documented = Object.fromEntries(rows);
    assert.equal(rows.length, Object.keys(documented).length, 'no name twice');
    assert.deepEqual(documented, { ...KEY_NAMES, ...CHANNEL_NAMES });
  });
});

void describe('keys of a shard', () => {
  void it('all carry its hash tag, so that they live on one node of a cluster', () => {
    const { shard, names } = shardKeys('mine', 3);
    assert.equal(shard, '{mine:3}:');
    for (const name of Object.values(names)) assert.ok(name.startsWith(shard), name);
  });

  void it('are not confused with each other', () => {
    const names = Object.values(shardKeys('xqueue', 0).names);
    assert.equal(new Set(names).size, names.length);
  });
});

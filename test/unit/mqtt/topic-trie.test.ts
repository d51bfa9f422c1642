// Topic filters: the tree finds exactly what MQTT 3.1.1 section 4.7 says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TopicTrie } from '../../../src/adapters/mqtt/topic-trie.ts';

/** The rules of the standard, level by level, with no tree. */
function naive(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split('/'), topic.split('/')];
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

const level = fc.constantFrom('a', 'b', '', '$x');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 0, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest || levels.length === 0 ? ['#'] : [])].join('/'));

test('a topic finds the values of exactly the filters that match it', () => {
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 8 }), fc.array(topic, { maxLength: 5 }), (filters, topics) => {
      const trie = new TopicTrie<string>();
      for (const one of filters) trie.add(one, one);
      for (const one of topics) {
        const expected = new Set(filters.filter((candidate) => naive(candidate, one)));
        assert.deepEqual(trie.match(one), expected);
        assert.equal(trie.matches(one), expected.size > 0);
      }
    }),
  );
});

test('what was removed is not found, and the rest still is', () => {
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 8 }), fc.array(filter, { maxLength: 8 }), topic, (kept, removed, one) => {
      const trie = new TopicTrie<string>();
      for (const each of [...kept, ...removed]) trie.add(each, each);
      for (const each of removed) trie.remove(each, each);
      const left = new Set(kept).difference(new Set(removed));
      assert.deepEqual(trie.match(one), new Set([...left].filter((each) => naive(each, one))));
      assert.equal(trie.size, left.size);
    }),
  );
});

test('parent levels match a filter that ends in #', () => {
  const trie = new TopicTrie<string>();
  trie.add('task/#', 'x');
  assert.equal(trie.matches('task'), true);
  assert.equal(trie.matches('tasks'), false);
});

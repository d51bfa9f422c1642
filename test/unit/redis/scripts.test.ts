// The loader of scripts: what a script must say of itself, and that the ones that are there do.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shardKeys } from '../../../src/adapters/redis/keys.ts';
import { scriptWords } from '../../../src/adapters/redis/script-words.ts';
import { loadScripts, parseHeader } from '../../../src/adapters/redis/scripts.ts';

const HEADER =
  '-- Does something.\n-- KEYS  shard\n-- ARGV  step one others...\n-- REPLY now\n-- FLAGS allow-oom\nreturn 1\n';

void describe('the header of a script', () => {
  void it('names its arguments, the last of which may be any number', () => {
    const { args, rest, flags, about } = parseHeader('some', HEADER);
    assert.deepEqual([args, rest, flags, about], [['step', 'one'], 'others', ['allow-oom'], 'Does something.']);
  });

  const broken = {
    'no arguments': [HEADER.replace('-- ARGV', '-- ARGS'), /script some does not say its ARGV/],
    'another key': [HEADER.replace('KEYS  shard', 'KEYS  shard other'), /takes the key 'shard' and no other/],
    'an unknown flag': [HEADER.replace('allow-oom', 'allow-all'), /unknown flag 'allow-all'/],
    'no name of an argument': [HEADER.replace('one', 'One!'), /an argument called 'One!'/],
  } as const;
  for (const [what, [source, message]] of Object.entries(broken)) {
    void it(`is refused with ${what}`, () => {
      assert.throws(() => parseHeader('some', source), message);
    });
  }
});

void describe('the scripts of the store', () => {
  const words = scriptWords(shardKeys('xqueue', 0));
  const scripts = loadScripts(words, 'with');

  void it('hold nothing the loader should have put in', () => {
    for (const { name, text } of scripts.values()) {
      assert.doesNotMatch(text, /--@include|\b[KRSBXFC]\.[a-zA-Z]+\b/, name);
    }
  });

  void it('let tasks end when the server is out of memory; only new tasks and lines of handlers are refused then', () => {
    const refused = [...scripts.values()].filter(({ text }) => !text.startsWith('#!lua flags=allow-oom'));
    assert.deepEqual(
      refused.map(({ name }) => name),
      ['append-logs', 'ingest', 'restore', 'submit'],
    );
  });

  void it('say nothing of flags to servers before 7.0, which do not know them', () => {
    for (const { text } of loadScripts(words, 'without').values()) assert.doesNotMatch(text, /^#!/);
  });

  void it('refuse a word that nobody defines', () => {
    assert.throws(() => loadScripts({ ...words, K: {} }, 'with'), /uses K\.\w+, which nobody defines/);
  });
});

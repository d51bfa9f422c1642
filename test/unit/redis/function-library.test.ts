// Scripts made into functions: what their parts keep during a call must not outlive it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { functionLibrary } from '../../../src/adapters/redis/function-library.ts';
import { shardKeys } from '../../../src/adapters/redis/keys.ts';
import { scriptWords } from '../../../src/adapters/redis/script-words.ts';
import { loadScripts, type Script } from '../../../src/adapters/redis/scripts.ts';

const claimOf = (parts: string, main = 'return kept'): ReadonlyMap<string, Script> =>
  new Map([
    [
      'claim',
      {
        name: 'claim',
        text: '',
        sha: '',
        args: ['step'],
        rest: 'types',
        flags: ['allow-oom'],
        pieces: { parts, main },
      },
    ],
  ]);

void describe('a library of functions', () => {
  void it('is named after its text, and names its functions after scripts', () => {
    const one = functionLibrary(claimOf('local kept = {}'));
    const other = functionLibrary(claimOf('local kept = { 1 }'));
    assert.match(one.text, /^#!lua name=xqueue_[0-9a-f]{16}\n/);
    assert.match(one.names.get('claim') ?? '', /^xqueue_[0-9a-f]{16}_claim$/);
    assert.notEqual(one.names.get('claim'), other.names.get('claim'));
    assert.equal(one.names.get('list'), undefined, 'what is seldom called stays a script');
  });

  void it('sets what a call keeps anew in each call, and makes functions and constants once', () => {
    const { text } = functionLibrary(
      claimOf(
        "local lanes = {}\nlocal kept, other =\n  {}, nil\nlocal LONG = string.rep('x', 9)\nfunction lanes.of()\n  return kept\nend\nif other then\n  kept = nil\nend",
      ),
    );
    assert.match(
      text,
      /\nlocal lanes = \{\}\nlocal kept, other\nlocal LONG\nfunction lanes\.of\(\)\n {2}return kept\nend\n/,
    );
    assert.match(text, /function reset0\(\)\nkept, other =\n {2}\{\}, nil\nif other then\n {2}kept = nil\nend\nend\n/);
    assert.match(text, /function makeReady\(\)\nLONG = string\.rep\('x', 9\)\nisReady = true\nend\n/);
    assert.match(text, /ARGV, step, types = argv, argv\[1\], 2\n/);
  });

  void it('is refused where two variables have one name: the second would be set, and the first be looked at', () => {
    assert.throws(
      () => functionLibrary(claimOf('local kept = {}\nlocal kept = 1')),
      /claim has two variables called 'kept'/,
    );
  });

  void it('is refused where functions and what a call keeps share a table', () => {
    const parts = 'local lanes = { seen = {} }\nfunction lanes.of()\n  return lanes.seen\nend';
    assert.throws(
      () => functionLibrary(claimOf(parts)),
      /claim keeps something in 'lanes', which would outlive the call/,
    );
  });

  void it('has all that is called for every task', () => {
    const { names } = functionLibrary(loadScripts(scriptWords(shardKeys('xqueue', 0)), 'with'));
    assert.deepEqual([...names.keys()], ['submit', 'ingest', 'claim', 'settle']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sameAsStored } from '../../stored-text.ts';
import { leaves } from './command-tree.ts';
import { run } from './run.ts';

const stored = (path: string): URL => new URL(`help/${path.replaceAll(' ', '-')}.txt`, import.meta.url);

describe('the help', () => {
  it('of the program names every command and exit code', async () => {
    const { code, out } = await run(['--help']);
    assert.equal(code, 0);
    sameAsStored(stored('xqueue'), out);
  });

  for (const { path, help, examples } of leaves()) {
    it(`of ${path} is as stored, and has an example`, async () => {
      const { code, out } = await run([...path.split(' '), '--help']);
      assert.equal(code, 0);
      assert.equal(out, help.trimEnd());
      assert.ok(examples.length > 0, 'no example');
      sameAsStored(stored(path), out);
    });
  }

  it('sends what is not known to standard error, with the nearest name, and ends with 2', async () => {
    const { code, out, err } = await run(['task', 'sumbit']);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /unknown command 'sumbit'\s+\(Did you mean submit\?\)/);
  });
});

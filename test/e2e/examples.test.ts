// The examples that the documentation shows, type-checked and run as programs; what they print is compared with stored
// text.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { sameAsStored } from '../stored-text.ts';
import { emptyFolder } from './node-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = emptyFolder();
after(() => folder.remove());

function run(command: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  // A test file run by the test runner must not think that it is part of this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_TEST|XQUEUE_)/.test(name)));
  return new Promise((resolve) => {
    execFile(command, args, { cwd: folder.path, env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, out, err });
    });
  });
}

describe('the examples', () => {
  it('compile', async () => {
    const { code, out } = await run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', join(ROOT, 'examples')]);
    assert.equal(code, 0, out);
  });

  const programs = globSync('examples/{guide,coming-from}/*.ts', { cwd: ROOT }).sort();
  for (const path of programs) {
    it(`${path} runs and prints what it should`, async () => {
      const hook = new URL('examples/from-source.ts', import.meta.url).href;
      const { code, out, err } = await run(process.execPath, ['--import', hook, join(ROOT, path)]);
      assert.equal(code, 0, err + out);
      assert.equal(err, '');
      // The output of a test file has times in it.
      if (!path.endsWith('.test.ts'))
        sameAsStored(new URL(`examples/${basename(path, '.ts')}.txt`, import.meta.url), out);
    });
  }

  it('are all there', () => assert.ok(programs.length > 10));
});

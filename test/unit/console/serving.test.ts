// How the built console is served: what may be kept, what may run, what is zipped, and what is not there.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fastify } from 'fastify';
import { addConsole, CONSOLE_PATHS } from '../../../src/server/console.ts';
import { readConsole } from '../../../src/server/console-files.ts';

const SCRIPT = `console.log(${JSON.stringify('x'.repeat(2000))});`;

function served() {
  const folder = mkdtempSync(join(tmpdir(), 'xqueue-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>XQueue</title>');
  writeFileSync(join(folder, 'assets', 'index-abc.js'), SCRIPT);
  writeFileSync(join(folder, 'assets', 'notes.txt'), 'not for everybody');
  const app = fastify();
  addConsole(app, readConsole(folder));
  rmSync(folder, { recursive: true });
  return app;
}

describe('the built console', () => {
  it('is the same page at each of its addresses, under a policy without exceptions', async () => {
    const app = served();
    for (const path of CONSOLE_PATHS) {
      const { statusCode, headers, body } = await app.inject(path.replace(':id', 'anything'));
      assert.equal(statusCode, 200, path);
      assert.match(body, /XQueue/);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.match(policy, /require-trusted-types-for 'script'/);
      assert.doesNotMatch(policy, /unsafe|\*/);
    }
  });

  it('has scripts that may be kept for ever and are zipped for whoever takes that', async () => {
    const app = served();
    const plain = await app.inject('/assets/index-abc.js');
    assert.equal(plain.body, SCRIPT);
    assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable');
    const zipped = await app.inject({ url: '/assets/index-abc.js', headers: { 'accept-encoding': 'br, gzip' } });
    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(zipped.rawPayload).toString(), SCRIPT);
    assert.ok(zipped.rawPayload.length < 200);
  });

  it('gives out nothing else', async () => {
    const app = served();
    for (const path of [
      '/assets/notes.txt',
      '/assets/..%2findex.html',
      '/assets/',
      '/assets/a.js',
      '/index.html',
      '/x',
    ]) {
      assert.equal((await app.inject(path)).statusCode, 404, path);
    }
  });
});

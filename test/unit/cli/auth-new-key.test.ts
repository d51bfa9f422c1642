import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { fileSource } from '../../../src/config/file.ts';
import { resolve } from '../../../src/config/resolve.ts';
import { run } from './run.ts';

describe('xqueue auth new-key', () => {
  it('prints a key, and an entry for the file that holds only its digest', async () => {
    const { code, out } = await run(['auth', 'new-key', '--name', 'CI: "main"', '--scopes', 'operate,read']);
    assert.equal(code, 0);
    const [key = '', , ...yaml] = out.split('\n');
    assert.match(key, /^xq_[A-Za-z0-9_-]{43}$/);
    const { config } = resolve([fileSource('xqueue.yaml', yaml.join('\n'))]);
    const sha256 = createHash('sha256').update(key).digest('hex');
    assert.deepEqual(config.auth.keys, [{ name: 'CI: "main"', sha256, scopes: ['read', 'operate'] }]);
    assert.doesNotMatch(yaml.join(), new RegExp(key));
    assert.equal(typeof parse(yaml.join('\n')), 'object');
  });
  it('prints both as JSON on request, and a new key each time', async () => {
    const keys = await Promise.all(
      [1, 2].map(async () => {
        const { out } = await run(['auth', 'new-key', '-n', 'a', '-o', 'json']);
        const { key, entry } = JSON.parse(out) as { key: string; entry: { sha256: string; scopes: string[] } };
        assert.equal(entry.sha256, createHash('sha256').update(key).digest('hex'));
        assert.deepEqual(entry.scopes, ['read', 'submit']);
        return key;
      }),
    );
    assert.notEqual(keys[0], keys[1]);
  });
  it('refuses scopes that do not exist', async () => {
    const { code, err } = await run(['auth', 'new-key', '-n', 'a', '-s', 'read,admin']);
    assert.equal(code, 2);
    assert.match(err, /Unknown scope "admin"/);
  });
  it('needs a name', async () => {
    assert.equal((await run(['auth', 'new-key'])).code, 2);
    assert.equal((await run(['auth', 'new-key', '-n', ' '])).code, 2);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPermissions, SCOPES } from '../../../src/server/permissions.ts';
import { keyEntry, type Scene, startScene } from './scene.ts';

describe('keys', () => {
  const permissions = createPermissions([
    keyEntry('ann', 'key-of-ann', 'read'),
    keyEntry('bob', 'key-of-bob', 'submit', 'operate'),
  ]);

  it('are known by their digest, with their scopes', () => {
    assert.deepEqual(permissions.identify('key-of-bob'), { name: 'bob', scopes: new Set(['submit', 'operate']) });
    assert.equal(permissions.identify('key-of-ann')?.name, 'ann');
  });

  it('that are wrong, cut, longer or a digest are nobody', () => {
    const digest = keyEntry('ann', 'key-of-ann').sha256;
    for (const key of ['', 'key-of-an', 'key-of-ann ', 'KEY-OF-ANN', digest, '\u0000']) {
      assert.equal(permissions.identify(key), null);
    }
  });

  it('with a digest that is none stop the start', () => {
    assert.throws(() => createPermissions([{ name: 'eve', sha256: 'abc', scopes: [] }]), /auth\.keys.*eve/);
  });

  it('are not needed when none are configured', () => {
    const open = createPermissions([]);
    assert.ok(open.isOpen);
    assert.deepEqual(open.identify('anything')?.scopes, new Set(SCOPES));
  });
});

describe('a server with keys', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene({
      keys: [
        keyEntry('reader', 'r', 'read'),
        keyEntry('submitter', 's', 'submit'),
        keyEntry('operator', 'o', 'operate'),
      ],
    });
  });
  after(() => scene[Symbol.asyncDispose]());
  const as = (key: string) => ({ authorization: `Bearer ${key}` });

  const CALLS = [
    ['POST', '/api/v1/tasks', 's'],
    ['POST', '/api/v1/tasks/batch', 's'],
    ['DELETE', '/api/v1/tasks/019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17', 's'],
    ['POST', '/api/v1/tasks/019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17/retry', 'o'],
    ['GET', '/api/v1/tasks', 'r'],
    ['GET', '/api/v1/tasks/019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17', 'r'],
    ['GET', '/api/v1/tasks/019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17/events', 'r'],
    ['GET', '/api/v1/stats', 'r'],
    ['GET', '/api/v1/health', 'r'],
    ['GET', '/api/v1/handlers', 'r'],
    ['GET', '/api/v1/nodes', 'r'],
    ['GET', '/api/v1/concurrency', 'r'],
    ['PUT', '/api/v1/concurrency/a', 'o'],
    ['DELETE', '/api/v1/concurrency/a', 'o'],
    ['GET', '/metrics', 'r'],
  ] as const;

  for (const [method, path, allowed] of CALLS) {
    it(`lets only the right key ${method} ${path}`, async () => {
      const nobody = await scene.call(method, path);
      assert.equal(nobody.status, 401);
      assert.equal(nobody.headers.get('www-authenticate'), 'Bearer realm="xqueue"');
      const stranger = await scene.call(method, path, undefined, as('x'));
      assert.equal(stranger.status, 401);
      assert.match(stranger.headers.get('www-authenticate') ?? '', /invalid_token/);
      for (const key of ['r', 's', 'o']) {
        const { status, headers, text } = await scene.call(method, path, undefined, as(key));
        if (key === allowed) assert.ok(status !== 401 && status !== 403, `${key}: ${status} ${text}`);
        else {
          assert.equal(status, 403);
          assert.match(headers.get('www-authenticate') ?? '', /insufficient_scope/);
        }
      }
    });
  }

  for (const path of [
    '/',
    '/livez',
    '/readyz',
    '/api/v1/openapi.json',
    '/api/v1/docs/',
    '/api/v1/docs/static/swagger-ui.css',
  ]) {
    it(`shows ${path} to everybody`, async () => assert.equal((await scene.call('GET', path)).status, 200));
  }

  it('shows no numbers on its open page', async () => {
    assert.doesNotMatch((await scene.call('GET', '/')).text, /pending/);
  });

  for (const header of ['r', 'Basic cjpy', 'Bearer', 'Bearer  ', 'Bearer r r', 'Bearer r,s', 'Token r', 'Bearerr']) {
    it(`takes no key from "Authorization: ${header}"`, async () => {
      assert.equal((await scene.call('GET', '/api/v1/stats', undefined, { authorization: header })).status, 401);
    });
  }

  it('takes the scheme in any case', async () => {
    assert.equal((await scene.call('GET', '/api/v1/stats', undefined, { authorization: 'bearer r' })).status, 200);
  });

  it('reads no body of a caller it does not know', async () => {
    const { status } = await scene.call('POST', '/api/v1/tasks', '{"type":', as('r'));
    assert.equal(status, 403);
  });

  it('answers pages of other sites, which cannot know a key', async () => {
    const { status } = await scene.call(
      'POST',
      '/api/v1/tasks',
      { type: 'a' },
      { ...as('s'), origin: 'http://elsewhere.example' },
    );
    assert.equal(status, 201);
  });
});

it('a key never reaches the log', async () => {
  const lines: string[] = [];
  const write = (message: string, fields?: object) => void lines.push(message + JSON.stringify(fields ?? {}));
  const log = { debug: write, info: write, warn: write, error: write, child: () => log };
  await using scene = await startScene({
    keys: [keyEntry('ann', 'very-secret-key', 'read')],
    log,
    wrap: (engine) => ({ ...engine, stats: () => Promise.reject(new Error('broken')) }),
  });
  const headers = { authorization: 'Bearer very-secret-key' };
  assert.equal((await scene.call('GET', '/api/v1/stats', undefined, headers)).status, 500);
  assert.ok(lines.some((line) => line.startsWith('A request failed')));
  assert.ok(!lines.join('\n').includes('very-secret-key'));
});

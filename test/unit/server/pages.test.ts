import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { type Scene, startScene } from './scene.ts';

async function page(scene: Scene, path: string): Promise<{ text: string; csp: string }> {
  const { status, headers, text } = await scene.call('GET', path);
  assert.equal(status, 200, path);
  return { text, csp: headers.get('content-security-policy') ?? '' };
}

describe('the page at /', () => {
  it('says what runs here, how many tasks there are, and where to go', async () => {
    await using scene = await startScene();
    await scene.submit();
    const { text } = await page(scene, '/');
    assert.match(text, /XQueue/);
    assert.match(text, /1\.2\.3/);
    assert.match(text, /<dt>pending<\/dt><dd>1<\/dd>/);
    for (const [, href = ''] of text.matchAll(/href="([^"]+)"/g)) {
      assert.equal((await scene.call('GET', href)).status, 200, href);
    }
  });

  it('allows its own style and nothing else', async () => {
    await using scene = await startScene();
    const { text, csp } = await page(scene, '/');
    const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    assert.match(csp, /^default-src 'none';/);
    assert.ok(csp.includes(`style-src 'sha256-${digest}'`));
    assert.doesNotMatch(text, /<script|style=|\son\w+=/);
  });
});

describe('the API documentation', () => {
  it('comes whole from this server, without inline scripts', async () => {
    await using scene = await startScene();
    for (const path of ['/api/v1/docs', '/api/v1/docs/']) {
      const { text, csp } = await page(scene, path);
      assert.match(csp, /script-src 'self';/);
      assert.doesNotMatch(text, /<script>|<script [^>]*>\s*[^\s<]/);
      const parts = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
      assert.ok(parts.length > 4);
      for (const part of parts) {
        const url = new URL(part, `${scene.url}${path}`);
        assert.equal(url.origin, scene.url);
        await page(scene, url.pathname);
      }
    }
  });

  it('shows the description that /openapi.json has, wherever it is mounted', async () => {
    await using scene = await startScene();
    const { text } = await page(scene, '/api/v1/docs/static/start.js');
    const shown: string[] = [];
    const presets = { apis: [] };
    const show = Object.assign(({ url }: { url: string }) => shown.push(url), { presets });
    for (const src of [
      `${scene.url}/api/v1/docs/static/start.js`,
      'https://a.example/queue/api/v1/docs/static/start.js',
    ]) {
      runInNewContext(text, { URL, document: { currentScript: { src } }, SwaggerUIBundle: show });
    }
    assert.deepEqual(shown, [`${scene.url}/api/v1/openapi.json`, 'https://a.example/queue/api/v1/openapi.json']);
    await page(scene, '/api/v1/openapi.json');
  });

  it('gives out no other files', async () => {
    await using scene = await startScene();
    for (const path of [
      'static/../../package.json',
      'static/..%2f..%2fpackage.json',
      'static/%2e%2e/index.js',
      'static/x',
      'x',
      'static/%00',
    ]) {
      const { status } = await scene.call('GET', `/api/v1/docs/${path}`);
      assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    }
  });
});

it('every answer tells browsers not to guess, frame or keep it', async () => {
  await using scene = await startScene();
  for (const path of ['/', '/api/v1/tasks', '/api/v1/nothing', '/livez', '/metrics', '/api/v1/docs/', '/%zz']) {
    const { headers } = await scene.call('GET', path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/, path);
    assert.equal(headers.get('cache-control'), 'no-store', path);
    assert.equal(headers.get('access-control-allow-origin'), null, path);
  }
});

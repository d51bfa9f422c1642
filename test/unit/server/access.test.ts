import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange, get, statusesOf } from './raw-socket.ts';
import { startScene } from './scene.ts';

const WITH_HOST = (host: string) => get('/api/v1/stats', [`Host: ${host}`]);

describe('a server without keys', () => {
  it('answers to its own names only, so that a rebound name reaches nothing', async () => {
    await using scene = await startScene();
    for (const host of [
      'localhost',
      'LOCALHOST:8080',
      '127.0.0.1',
      '127.0.0.1:99',
      '[::1]:8080',
      '10.1.2.3',
      'a.localhost:1',
    ]) {
      assert.deepEqual(statusesOf(await exchange(scene.port, WITH_HOST(host))), [200], host);
    }
    for (const host of [
      'evil.example',
      'evil.example:8080',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '',
      ':80',
      '[evil]',
      'a b',
    ]) {
      assert.deepEqual(statusesOf(await exchange(scene.port, WITH_HOST(host))), [403], host);
    }
  });

  it('answers to any name when the operator has said that this is safe', async () => {
    await using scene = await startScene({ insecure: true });
    assert.deepEqual(statusesOf(await exchange(scene.port, WITH_HOST('xqueue.internal'))), [200]);
  });

  it('does nothing a page of another origin asks for', async () => {
    await using scene = await startScene();
    const { host } = new URL(scene.url);
    const from = async (headers: Record<string, string>) =>
      (await scene.call('POST', '/api/v1/tasks', { type: 'a' }, headers)).status;
    assert.equal(await from({ origin: `http://${host}` }), 201);
    assert.equal(await from({ 'sec-fetch-site': 'same-origin' }), 201);
    assert.equal(await from({ origin: 'http://evil.example' }), 403);
    assert.equal(await from({ origin: 'http://localhost:1' }), 403);
    assert.equal(await from({ origin: 'null' }), 403);
    assert.equal(await from({ 'sec-fetch-site': 'cross-site' }), 403);
    assert.equal(await from({ 'sec-fetch-site': 'same-site' }), 403);
  });

  it('does so for calls without a body as well, which a page could send without asking first', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    const evil = { origin: 'http://evil.example' };
    assert.equal((await scene.call('POST', `/api/v1/tasks/${id}/retry`, undefined, evil)).status, 403);
    assert.equal((await scene.call('DELETE', `/api/v1/tasks/${id}`, undefined, evil)).status, 403);
    assert.equal((await scene.call('DELETE', '/api/v1/concurrency/a', undefined, evil)).status, 403);
    const { text } = await scene.call('GET', `/api/v1/tasks/${id}`);
    assert.equal((JSON.parse(text) as { status: string }).status, 'pending');
  });

  it('refuses what a form can send', async () => {
    await using scene = await startScene();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      assert.equal((await scene.call('POST', '/api/v1/tasks', '{"type":"a"}', { 'content-type': type })).status, 415);
    }
  });

  it('lets no page of another origin open a WebSocket', async () => {
    await using scene = await startScene();
    const request = (headers: Record<string, string>) => ({
      headers: { host: 'localhost', upgrade: 'websocket', ...headers },
      httpVersion: '1.1',
      method: 'GET',
    });
    const admits = (headers: Record<string, string>) =>
      scene.server.admitsUpgrade(request(headers) as unknown as Parameters<typeof scene.server.admitsUpgrade>[0]);
    assert.equal(admits({}), true);
    assert.equal(admits({ origin: 'http://localhost' }), true);
    assert.equal(admits({ origin: 'http://evil.example' }), false);
    assert.equal(admits({ host: 'evil.example' }), false);
  });
});

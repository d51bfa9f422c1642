import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { bodyOf, exchange, get, post, statusesOf } from './raw-socket.ts';
import { type Scene, startScene } from './scene.ts';

describe('bytes that are no proper request', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene();
  });
  after(() => scene[Symbol.asyncDispose]());

  const REFUSED: readonly (readonly [string, string | Buffer, number, string])[] = [
    ['nonsense', 'nonsense\r\n\r\n', 400, 'invalid_request'],
    ['zeros', Buffer.alloc(100), 400, 'invalid_request'],
    ['a TLS greeting', Buffer.from('160301020001000001fc0303', 'hex'), 400, 'invalid_request'],
    ['HTTP/9.9', 'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n', 400, 'invalid_request'],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n', 400, 'invalid_request'],
    ['a header with a zero', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n', 400, 'invalid_request'],
    [
      'two lengths',
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      400,
      'invalid_request',
    ],
    [
      'a negative length',
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
      400,
      'invalid_request',
    ],
    [
      'length and chunks',
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'invalid_request',
    ],
    ['no Host', get('/api/v1/stats', []), 400, 'invalid_request'],
    ['headers of 20 kB', get('/livez', ['Host: localhost', `X: ${'x'.repeat(20_000)}`]), 431, 'headers_too_large'],
    ['an address of 20 kB', get(`/${'x'.repeat(20_000)}`), 431, 'headers_too_large'],
    ['a broken escape in the path', get('/api/v1/tasks/%zz'), 400, 'invalid_request'],
    ['a path that is no UTF-8', get('/api/v1/tasks/%ff%fe'), 400, 'invalid_request'],
    ['a broken escape in the query', get('/api/v1/tasks?type=%zz'), 400, 'invalid_request'],
    ['a body that is no UTF-8', post('/api/v1/tasks', '{"type":"\xff"}'), 400, 'malformed_json'],
    [
      'a body without a type',
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}',
      415,
      'unsupported_media_type',
    ],
    [
      'a content type that is none',
      post('/api/v1/tasks', '{}', ['Content-Type: /']).replace('Content-Type: application/json\r\n', ''),
      415,
      'unsupported_media_type',
    ],
    [
      'no body at all',
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      400,
      'malformed_json',
    ],
    [
      'a length of gigabytes',
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{',
      413,
      'payload_too_large',
    ],
  ];

  for (const [name, bytes, status, code] of REFUSED) {
    it(`${name} is answered ${status} as a problem`, async () => {
      const received = await exchange(scene.port, bytes, (text) => /\r\n\r\n\{.*\}$/s.test(text));
      assert.deepEqual(statusesOf(received), [status], received);
      assert.match(received, /content-type: application\/problem\+json/i);
      const problem = bodyOf(received);
      assert.deepEqual([problem['status'], problem['code']], [status, code]);
      assert.equal(statusesOf(await exchange(scene.port, get('/livez')))[0], 200);
    });
  }

  it('a body in endless chunks is cut off, and costs no memory', async () => {
    const head =
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const { received, sentBytes } = await new Promise<{ received: string; sentBytes: number }>((resolve) => {
      const socket = connect({ port: scene.port, host: '127.0.0.1' });
      let text = '';
      const feed = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('connect', () => {
        socket.write(head);
        feed();
      });
      socket.on('drain', feed);
      socket.on('data', (data) => {
        text += String(data);
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve({ received: text, sentBytes: socket.bytesWritten }));
    });
    // Whether the answer arrives before the reset is up to the network.
    for (const status of statusesOf(received)) assert.equal(status, 413);
    assert.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} bytes were taken`);
    assert.deepEqual(statusesOf(await exchange(scene.port, get('/livez'))), [200]);
  });

  it('a body of chunks with trailers is a body', async () => {
    const received = await exchange(
      scene.port,
      'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n5;a=b\r\n{"typ\r\n8\r\ne":"a"}\n\r\n0\r\nX: y\r\n\r\n',
    );
    assert.deepEqual(statusesOf(received), [201]);
  });

  it('requests that come in one piece are answered in order', async () => {
    const three =
      get('/livez').replace('close', 'keep-alive') +
      get('/api/v1/tasks/x').replace('close', 'keep-alive') +
      get('/readyz');
    assert.deepEqual(statusesOf(await exchange(scene.port, three)), [200, 404, 200]);
  });

  it('a client that leaves in the middle of its body disturbs nobody', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect({ port: scene.port, host: '127.0.0.1' }, () => {
        socket.write(
          'POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"ty',
          () => socket.destroy(),
        );
      });
      socket.on('close', () => resolve());
    });
    assert.deepEqual(statusesOf(await exchange(scene.port, post('/api/v1/tasks', '{"type":"a"}'))), [201]);
  });

  it('every method there is gets an answer that is no 5xx', async () => {
    for (const method of [...METHODS, 'FOO'].filter((one) => one !== 'CONNECT')) {
      for (const path of [
        '/',
        '*',
        '/api/v1/tasks',
        '/api/v1/tasks/x/events',
        '/api/v1/docs/',
        'http://localhost/livez',
      ]) {
        const received = await exchange(
          scene.port,
          `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
        );
        const [status = 0] = statusesOf(received);
        assert.ok(status >= 200 && status < 500, `${method} ${path}: ${received.slice(0, 200)}`);
      }
    }
  });

  it('CONNECT, upgrades nobody serves, and odd expectations do no harm', async () => {
    await exchange(scene.port, 'CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const upgrade = get('/mqtt', ['Host: localhost', 'Upgrade: websocket']).replace('close', 'Upgrade, close');
    assert.deepEqual(statusesOf(await exchange(scene.port, upgrade)), [404]);
    const expecting = await exchange(scene.port, post('/api/v1/tasks', '{"type":"a"}', ['Expect: the-moon']));
    assert.deepEqual(statusesOf(expecting), [201]);
    const continued = await exchange(scene.port, post('/api/v1/tasks', '{"type":"a"}', ['Expect: 100-continue']));
    assert.deepEqual(statusesOf(continued), [100, 201]);
  });

  it('a request that would rather be HTTP/2 is answered as what it is, also beside WebSockets', async () => {
    await using other = await startScene();
    other.server.raw.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    const upgrading = (protocol: string) =>
      get('/livez', ['Host: localhost', `Upgrade: ${protocol}`, 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA']).replace(
        'Connection: close',
        'Connection: Upgrade, HTTP2-Settings, close',
      );
    assert.deepEqual(statusesOf(await exchange(other.port, upgrading('h2c'))), [200]);
    assert.deepEqual(statusesOf(await exchange(other.port, upgrading('websocket'))), [101]);
  });

  it('an absolute address and HTTP/1.0 are understood', async () => {
    assert.deepEqual(statusesOf(await exchange(scene.port, get('http://localhost/livez'))), [200]);
    assert.deepEqual(statusesOf(await exchange(scene.port, 'GET /livez HTTP/1.0\r\n\r\n')), [200]);
  });

  it('a failure of ours is a 500 that tells nothing, and is logged', async () => {
    const logged: object[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (_message: string, fields: object = {}) => void logged.push(fields),
      child: () => log,
    };
    await using broken = await startScene({
      log,
      wrap: (engine) => ({ ...engine, list: () => Promise.reject(new Error('secret detail')) }),
    });
    const { status, text } = await broken.call('GET', '/api/v1/tasks');
    assert.equal(status, 500);
    assert.deepEqual((JSON.parse(text) as { code: string }).code, 'internal');
    assert.doesNotMatch(text, /secret/);
    assert.equal(logged.length, 1);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { type Scene, startScene } from './scene.ts';

type Json = Record<string, unknown>;
const json = (text: string) => JSON.parse(text) as Json;
const NOBODY = '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17';

async function get(scene: Scene, path: string): Promise<Json> {
  const { status, text } = await scene.call('GET', `/api/v1/tasks${path}`);
  assert.equal(status, 200, text);
  return json(text);
}

describe('listing tasks', () => {
  it('answers newest first, ten at a time, with the total of all that match', async () => {
    await using scene = await startScene();
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push(await scene.submit({ type: i % 2 ? 'odd' : 'even', tags: [`t${i}`] }));
    const idsOf = async (query: string) =>
      ((await get(scene, query))['tasks'] as { id: string }[]).map(({ id }) => ids.indexOf(id));
    assert.deepEqual(await idsOf(''), [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    assert.deepEqual(await idsOf('?order=asc&limit=3&offset=10'), [10, 11]);
    assert.deepEqual(await idsOf('?type=odd&limit=2&offset=1'), [9, 7]);
    assert.deepEqual(await idsOf('?tag=t3'), [3]);
    const { tasks: _, ...rest } = await get(scene, '?type=odd&limit=2&offset=5');
    assert.deepEqual(rest, { count: 1, total: 6, limit: 2, offset: 5 });
  });

  it('filters by status and key, with names that need encoding', async () => {
    await using scene = await startScene();
    const key = 'a/b?c#d+e f:{g}*%20😀';
    const id = await scene.submit({ type: 'a', concurrency_key: key });
    await scene.submit({ type: 'a' });
    await scene.call('DELETE', `/api/v1/tasks/${id}`);
    const page = await get(scene, `?status=canceled&concurrency_key=${encodeURIComponent(key)}`);
    assert.deepEqual(
      (page['tasks'] as { id: string }[]).map((task) => task.id),
      [id],
    );
    assert.equal((await get(scene, '?status=success'))['total'], 0);
  });

  for (const query of [
    'status=done',
    'limit=0',
    'limit=1001',
    'limit=1.5',
    'offset=-1',
    'offset=1e9',
    'order=up',
    'type=',
    'tag=',
    'state=pending',
    'parent_id=nobody',
    'status=pending&status=failed',
    'type=%ff',
    'type=a%20b',
  ]) {
    it(`refuses ?${query}`, async () => {
      await using scene = await startScene();
      assert.equal((await scene.call('GET', `/api/v1/tasks?${query}`)).status, 400);
    });
  }
});

describe('a task that nobody knows', () => {
  it('is 404 whatever its name looks like', async () => {
    await using scene = await startScene();
    for (const id of [
      NOBODY,
      NOBODY.toUpperCase(),
      'x',
      'batch',
      '..',
      '%2e%2e',
      '*',
      '#',
      '%00',
      '%F0%9F%98%80',
      `${NOBODY}%0a`,
      'x'.repeat(2000),
    ]) {
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/retry'],
        ['GET', '/events'],
      ] as const) {
        // The client itself folds `..` away.
        if (id.includes('..') || id.includes('%2e')) continue;
        const { status, text } = await scene.call(method, `/api/v1/tasks/${id.replace('#', '%23')}${path}`);
        assert.deepEqual([status, json(text)['code']], [404, 'task_not_found'], `${method} ${id} ${path}`);
      }
    }
  });
});

describe('canceling a task', () => {
  it('that waits answers 200, and 200 again', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    for (let i = 0; i < 2; i++) {
      const { status, text } = await scene.call('DELETE', `/api/v1/tasks/${id}`);
      assert.deepEqual([status, json(text)['status']], [200, 'canceled']);
    }
  });

  it('that runs answers 202 with the request noted', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    await scene.claim();
    const { status, text } = await scene.call('DELETE', `/api/v1/tasks/${id}`);
    assert.deepEqual([status, json(text)['status'], json(text)['cancel_requested']], [202, 'processing', true]);
  });

  it('that has ended otherwise answers 409', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    await scene.succeed(await scene.claim());
    const { status, text } = await scene.call('DELETE', `/api/v1/tasks/${id}`);
    assert.deepEqual([status, json(text)['code']], [409, 'already_finished']);
    assert.match(String(json(text)['detail']), /success/);
  });
});

describe('the reason of a cancel', () => {
  it('ends up in the error, at once or when the handler has ended', async () => {
    await using scene = await startScene();
    const [running, waiting] = [await scene.submit(), await scene.submit({ type: 'other' })];
    const claimed = await scene.claim();
    const reason = 'Bestellung zurückgezogen 日本';
    const asked = await scene.call('DELETE', `/api/v1/tasks/${running}`, { reason });
    assert.deepEqual([asked.status, json(asked.text)['error']], [202, null]);
    await scene.succeed(claimed);
    assert.equal((await get(scene, `/${running}`))['error'], `Canceled while running: ${reason}`);
    const { status, text } = await scene.call('DELETE', `/api/v1/tasks/${waiting}`, { reason });
    assert.deepEqual([status, json(text)['error']], [200, `Canceled before it started: ${reason}`]);
  });

  for (const body of ['{}', ' { } ', '{"reason":"r"}', JSON.stringify({ reason: '😀'.repeat(250) })]) {
    it(`may be told by ${body.slice(0, 40)}`, async () => {
      await using scene = await startScene();
      const { status } = await scene.call('DELETE', `/api/v1/tasks/${await scene.submit()}`, body);
      assert.equal(status, 200);
    });
  }

  for (const [body, code] of [
    ['{"reason":5}', 'invalid_request'],
    ['{"reason":""}', 'invalid_request'],
    ['{"reason":null}', 'invalid_request'],
    ['{"reason":"a\\nb"}', 'invalid_request'],
    ['{"reason":"\\ud800"}', 'invalid_request'],
    ['{"why":"x"}', 'invalid_request'],
    ['[]', 'invalid_request'],
    ['null', 'invalid_request'],
    ['{"reason":', 'malformed_json'],
    [JSON.stringify({ reason: 'r'.repeat(501) }), 'invalid_request'],
  ] as const) {
    it(`is refused as ${body.slice(0, 40)}, and nothing is canceled`, async () => {
      await using scene = await startScene();
      const id = await scene.submit();
      const { status, text } = await scene.call('DELETE', `/api/v1/tasks/${id}`, body);
      assert.deepEqual([status, json(text)['code']], [400, code]);
      assert.equal((await get(scene, `/${id}`))['status'], 'pending');
    });
  }
});

describe('a child task', () => {
  it('names its parent and is listed under it', async () => {
    await using scene = await startScene();
    const parent = await scene.submit();
    const [reply] = await scene.engine.submit([{ type: 'child', parentId: parent }]);
    assert.ok(reply?.state === 'created');
    assert.equal((await get(scene, `/${parent}`))['parent_id'], null);
    assert.equal((await get(scene, `/${reply.task.id}`))['parent_id'], parent);
    const { tasks, total } = await get(scene, `?parent_id=${parent}`);
    assert.deepEqual(
      [(tasks as Json[]).map((task) => [task['id'], task['parent_id']]), total],
      [[[reply.task.id, parent]], 1],
    );
    assert.equal((await get(scene, `?parent_id=${NOBODY}`))['total'], 0);
  });

  it('cannot be claimed to be one by who submits it', async () => {
    await using scene = await startScene();
    const { status, text } = await scene.call('POST', '/api/v1/tasks', { type: 'child', parent_id: NOBODY });
    assert.equal(status, 400);
    assert.match(text, /set by the server/);
  });
});

describe('retrying a task', () => {
  it('that was canceled puts it back, with its attempts', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    await scene.call('DELETE', `/api/v1/tasks/${id}`);
    const { status, text } = await scene.call('POST', `/api/v1/tasks/${id}/retry`);
    assert.deepEqual([status, json(text)['status'], json(text)['error']], [200, 'pending', null]);
  });

  it('that waits, runs or succeeded answers 409', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    const retry = async () => (await scene.call('POST', `/api/v1/tasks/${id}/retry`)).status;
    assert.equal(await retry(), 409);
    const claimed = await scene.claim();
    assert.equal(await retry(), 409);
    await scene.succeed(claimed);
    assert.equal(await retry(), 409);
  });

  it('takes an empty body, or one that says nothing, and no other', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    await scene.call('DELETE', `/api/v1/tasks/${id}`);
    assert.equal((await scene.call('POST', `/api/v1/tasks/${id}/retry`, '{"priority":5}')).status, 400);
    assert.equal((await scene.call('POST', `/api/v1/tasks/${id}/retry`, 'x')).status, 400);
    assert.equal((await scene.call('POST', `/api/v1/tasks/${id}/retry`, ' { } ')).status, 200);
  });
});

describe('waiting for a task', () => {
  it('answers as soon as it is final', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    const waiting = scene.call('GET', `/api/v1/tasks/${id}?wait=60`);
    await scene.succeed(await scene.claim(), '[12345678901234567890]');
    const { text } = await waiting;
    assert.equal(json(text)['status'], 'success');
    assert.ok(text.includes('"result":[12345678901234567890]'));
    const [attempt] = json(text)['attempts'] as Json[];
    assert.deepEqual([attempt?.['attempt'], attempt?.['outcome'], attempt?.['worker_id']], [1, 'success', 'worker-1']);
  });

  it('answers with the task as it is when the wait is over', async () => {
    const clock = new ManualClock();
    await using scene = await startScene({ clock });
    const id = await scene.submit();
    let begun: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await using other = await startScene({
      clock,
      wrap: () => ({
        ...scene.engine,
        waitForFinal: (...args) => {
          const answer = scene.engine.waitForFinal(...args);
          begun();
          return answer;
        },
      }),
    });
    const waiting = other.call('GET', `/api/v1/tasks/${id}?wait=2.5`);
    await waits;
    await clock.advanceAsync(2500);
    assert.equal(json((await waiting).text)['status'], 'pending');
  });

  it('ends in the server as well when the client goes away', async () => {
    let aborted: Promise<void> = Promise.resolve();
    let begun: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => {
      begun = resolve;
    });
    await using scene = await startScene({
      wrap: (engine) => ({
        ...engine,
        waitForFinal: (id, waitMs, signal) => {
          aborted = new Promise((resolve) => {
            signal?.addEventListener('abort', () => resolve());
          });
          begun();
          return engine.waitForFinal(id, waitMs, signal);
        },
      }),
    });
    const id = await scene.submit();
    const client = new AbortController();
    const waiting = fetch(`${scene.url}/api/v1/tasks/${id}?wait=60`, { signal: client.signal });
    await waits;
    client.abort();
    await assert.rejects(waiting);
    await aborted;
  });

  for (const wait of ['-1', '61', 'x', '', '1e1']) {
    it(`refuses ?wait=${wait}`, async () => {
      await using scene = await startScene();
      assert.equal((await scene.call('GET', `/api/v1/tasks/${NOBODY}?wait=${wait}`)).status, 400);
    });
  }
});

describe('HEAD and OPTIONS', () => {
  it('answer what GET would, without its body, and what there is', async () => {
    await using scene = await startScene();
    const id = await scene.submit();
    const whole = await scene.call('GET', `/api/v1/tasks/${id}`);
    const head = await scene.call('HEAD', `/api/v1/tasks/${id}`);
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(whole.text)));
    const options = await scene.call('OPTIONS', `/api/v1/tasks/${id}`);
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'DELETE, GET, HEAD, OPTIONS']);
  });

  it('other methods answer 405 with those that would do', async () => {
    await using scene = await startScene();
    for (const [method, path, allow] of [
      ['PATCH', '/api/v1/tasks', 'GET, HEAD, OPTIONS, POST'],
      ['PUT', '/api/v1/tasks/x', 'DELETE, GET, HEAD, OPTIONS'],
      ['GET', '/api/v1/tasks/x/retry', 'OPTIONS, POST'],
      ['HEAD', '/api/v1/tasks/x/retry', 'OPTIONS, POST'],
      ['POST', '/api/v1/concurrency/a%2Fb', 'DELETE, OPTIONS, PUT'],
      ['DELETE', '/metrics', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const { status, headers } = await scene.call(method, path);
      assert.deepEqual([status, headers.get('allow')], [405, allow], `${method} ${path}`);
    }
    const { status, text } = await scene.call('GET', '/api/v1/task');
    assert.deepEqual([status, json(text)['code']], [404, 'not_found']);
  });
});

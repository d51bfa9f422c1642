import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { keyEntry, type Scene, startScene } from './scene.ts';

type Json = Record<string, unknown>;

async function read(scene: Scene, path: string): Promise<Json> {
  const { status, text } = await scene.call('GET', path);
  assert.equal(status, 200, text);
  return JSON.parse(text) as Json;
}

async function node(scene: Scene, id: string, types: readonly string[], draining = false): Promise<void> {
  await scene.store.reportNode({
    id,
    host: 'host-1',
    pid: 7,
    version: '1.2.3',
    startedAt: Date.UTC(2026, 0, 1),
    types,
    slots: 10,
    running: 2,
    draining,
  });
}

describe('statistics', () => {
  it('count tasks by status and type, keys, nodes and minutes', async () => {
    const clock = new ManualClock();
    await using scene = await startScene({ clock });
    await node(scene, 'n1', ['example', 'mail']);
    await scene.submit();
    await scene.succeed(await scene.claim());
    await scene.submit({ type: 'mail', concurrency_key: 'u1' });
    await scene.submit({ type: 'mail', concurrency_key: 'u1' });
    await scene.claim('mail');
    await clock.advanceAsync(1500);

    const stats = await read(scene, '/api/v1/stats');
    assert.deepEqual(stats['tasks'], {
      pending: 1,
      processing: 1,
      success: 1,
      failed: 0,
      canceled: 0,
      timeout: 0,
      total: 3,
    });
    assert.deepEqual((stats['types'] as Record<string, unknown>)['mail'], {
      pending: 1,
      processing: 1,
      success: 0,
      failed: 0,
      canceled: 0,
      timeout: 0,
      oldest_pending_seconds: 1.5,
      demand: 1,
    });
    const concurrency = stats['concurrency'] as Json;
    assert.deepEqual([concurrency['full'], concurrency['waiting'], concurrency['operator_limits']], [1, 1, 0]);
    assert.deepEqual(stats['nodes'], { live: 1, draining: 0, slots: 10, running: 2 });
    const minute = { submitted: 3, started: 2, retried: 0, success: 1, failed: 0, canceled: 0, timeout: 0 };
    assert.deepEqual(stats['throughput'], {
      accepted: 3,
      purged: 0,
      last_hour: minute,
      minutes: [{ at: '2026-01-01T00:00:00.000Z', ...minute }],
    });
  });
});

describe('health', () => {
  const up = { status: 'ok', detail: 'fine' } as const;
  const down = { status: 'down', detail: 'gone' } as const;

  it('is ok when everything is, with the time and the version', async () => {
    const clock = new ManualClock();
    await using scene = await startScene({ clock });
    await clock.advanceAsync(2500);
    assert.deepEqual(await read(scene, '/api/v1/health'), {
      status: 'ok',
      timestamp: Math.floor(clock.now() / 1000),
      version: '1.2.3',
      uptime_seconds: 2.5,
      components: {
        store: { status: 'ok', kind: 'embedded', detail: 'answers' },
        mqtt: { status: 'ok', detail: 'in this process' },
        kafka: { status: 'off', detail: 'not configured' },
      },
    });
  });

  it('is degraded when only a broker is away', async () => {
    await using scene = await startScene({ components: { mqtt: () => down, kafka: () => up } });
    assert.equal((await read(scene, '/api/v1/health'))['status'], 'degraded');
  });

  it('is unavailable with 503 when the store is, and the rest still answers', async () => {
    await using scene = await startScene();
    await scene.store.close();
    const { status, text } = await scene.call('GET', '/api/v1/health');
    assert.deepEqual([status, (JSON.parse(text) as Json)['status']], [503, 'unavailable']);
    assert.equal((await scene.call('GET', '/livez')).status, 200);
    assert.equal((await scene.call('GET', '/')).status, 200);
    const metrics = await scene.call('GET', '/metrics');
    assert.equal(metrics.status, 200);
    assert.match(metrics.text, /^xqueue_store_up 0$/m);
    for (const path of ['/tasks', '/stats', '/handlers', '/nodes', '/concurrency']) {
      assert.equal((await scene.call('GET', `/api/v1${path}`)).status, 503, path);
    }
  });

  it('does not wait for a store that never answers', async () => {
    const clock = new ManualClock();
    const asked = Promise.withResolvers<void>();
    await using scene = await startScene({
      clock,
      wrap: (engine) => ({
        ...engine,
        health: () => {
          asked.resolve();
          return new Promise(() => undefined);
        },
      }),
    });
    const answer = scene.call('GET', '/api/v1/health');
    await asked.promise;
    await clock.advanceAsync(5000);
    assert.equal((await answer).status, 503);
  });
});

describe('concurrency keys', () => {
  const put = (scene: Scene, key: string, body: unknown) => scene.call('PUT', `/api/v1/concurrency/${key}`, body);

  it('show limits, holders and who waits', async () => {
    await using scene = await startScene();
    const id = await scene.submit({ type: 'example', concurrency_key: 'u/1' });
    await scene.submit({ type: 'example', concurrency_key: 'u/1' });
    const { lease } = await scene.claim();
    const { keys } = (await read(scene, '/api/v1/concurrency')) as { keys: Json[] };
    const expires_at = new Date(lease.expiresAt).toISOString();
    assert.deepEqual(
      keys.find(({ key }) => key === 'u/1'),
      {
        key: 'u/1',
        limit: 1,
        limit_source: 'task',
        running: 1,
        waiting: 1,
        holders: [{ task_id: id, worker_id: 'worker-1', expires_at }],
      },
    );
  });

  it('take an operator limit, 0 to pause, and lose it again', async () => {
    await using scene = await startScene();
    await node(scene, 'n1', ['example']);
    const id = await scene.submit({ type: 'example', concurrency_key: 'a b' });
    const reason = async () => (await read(scene, `/api/v1/tasks/${id}`))['pending_reason'];
    const { status, text } = await put(scene, 'a%20b', { max_concurrency: 0 });
    assert.deepEqual([status, JSON.parse(text)], [200, { key: 'a b', max_concurrency: 0 }]);
    assert.equal(await reason(), 'paused');
    const gone = await scene.call('DELETE', '/api/v1/concurrency/a%20b');
    assert.deepEqual([gone.status, JSON.parse(gone.text)], [200, { key: 'a b', max_concurrency: null }]);
    assert.equal(await reason(), 'ready');
    assert.equal((await scene.call('DELETE', '/api/v1/concurrency/a%20b')).status, 200);
  });

  it('may have any name, encoded', async () => {
    await using scene = await startScene();
    const names = [
      'type:mail',
      'a/b/c',
      '/',
      '//',
      '..%2F..',
      'a?b=c#d',
      '{}*+$^',
      '100%',
      'ключ',
      '😀'.repeat(256),
      ' ',
      '__proto__',
      'a/',
      '%2F',
    ];
    for (const name of names) {
      const { status, text } = await put(scene, encodeURIComponent(name), { max_concurrency: 3 });
      assert.deepEqual([status, (JSON.parse(text) as Json)['key']], [200, name]);
    }
    const { keys } = (await read(scene, '/api/v1/concurrency')) as { keys: Json[] };
    assert.deepEqual(new Set(keys.map(({ key }) => key)), new Set(names));
  });

  it('are refused when they are none', async () => {
    await using scene = await startScene();
    for (const name of ['', '%00', 'a%0Ab', 'x'.repeat(257), encodeURIComponent('😀'.repeat(257))]) {
      assert.equal((await put(scene, name, { max_concurrency: 1 })).status, 400, name.slice(0, 20));
    }
    assert.equal((await put(scene, '%ff', { max_concurrency: 1 })).status, 400);
    for (const body of [
      {},
      { max_concurrency: -1 },
      { max_concurrency: 1.5 },
      { max_concurrency: '1' },
      { max_concurrency: null },
      { max_concurrency: 1_000_001 },
      { max_concurrency: 1, x: 1 },
      { limit: 1 },
      [],
      null,
      7,
    ]) {
      assert.equal((await put(scene, 'a', body)).status, 400, JSON.stringify(body));
    }
    assert.deepEqual((await read(scene, '/api/v1/concurrency'))['keys'], []);
  });
});

describe('the cluster', () => {
  it('shows its nodes and the types they can run', async () => {
    const clock = new ManualClock();
    await using scene = await startScene({ clock });
    await node(scene, 'n1', ['a', 'b']);
    await node(scene, 'n2', ['b']);
    assert.deepEqual((await read(scene, '/api/v1/handlers'))['handlers'], [
      { type: 'a', nodes: ['n1'] },
      { type: 'b', nodes: ['n1', 'n2'] },
    ]);
    const { nodes, count } = (await read(scene, '/api/v1/nodes')) as { nodes: Json[]; count: number };
    assert.equal(count, 2);
    assert.deepEqual(
      nodes.find(({ id }) => id === 'n1'),
      {
        id: 'n1',
        host: 'host-1',
        pid: 7,
        version: '1.2.3',
        started_at: '2026-01-01T00:00:00.000Z',
        types: ['a', 'b'],
        slots: 10,
        running: 2,
        draining: false,
        drain_requested: false,
        live: true,
        last_heartbeat_at: '2026-01-01T00:00:00.000Z',
      },
    );
  });

  it('takes a node out of work when it is asked to, and gives it work again', async () => {
    await using scene = await startScene();
    await node(scene, 'test-node', ['example']);
    const drain = '/api/v1/nodes/test-node/drain';
    const asked = await scene.call('POST', drain);
    assert.equal(asked.status, 200);
    const { id, draining, drain_requested } = JSON.parse(asked.text) as Json;
    assert.deepEqual({ id, draining, drain_requested }, { id: 'test-node', draining: true, drain_requested: true });
    assert.deepEqual((await read(scene, '/api/v1/handlers'))['handlers'], []);
    const waiting = await scene.submit();
    assert.equal((await read(scene, `/api/v1/tasks/${waiting}`))['pending_reason'], 'no_handler');
    assert.equal(JSON.parse((await scene.call('DELETE', drain)).text).draining, false);
    assert.equal((await read(scene, `/api/v1/tasks/${waiting}`))['pending_reason'], 'ready');
    assert.equal((await scene.call('POST', '/api/v1/nodes/nobody/drain')).status, 404);
  });

  it('lets only operators drain', async () => {
    await using scene = await startScene({
      keys: [keyEntry('ann', 'a', 'read', 'submit'), keyEntry('op', 'o', 'operate')],
    });
    await node(scene, 'n1', ['a']);
    for (const method of ['POST', 'DELETE']) {
      const as = (key: string) =>
        scene.call(method, '/api/v1/nodes/n1/drain', undefined, { authorization: `Bearer ${key}` });
      assert.deepEqual([(await as('a')).status, (await as('o')).status], [403, 200]);
    }
  });
});

describe('metrics', () => {
  it('tell tasks by type and status, requests by route, and the process', async () => {
    await using scene = await startScene();
    await scene.submit({ type: 'constructor' });
    await scene.call('GET', '/api/v1/tasks/x');
    const { headers, text } = await scene.call('GET', '/metrics');
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    for (const line of [
      'xqueue_store_up 1',
      'xqueue_tasks{type="constructor",status="pending"} 1',
      'xqueue_tasks_accepted_total 1',
      'xqueue_http_request_duration_seconds_count{method="POST",path="/api/v1/tasks",status="201"} 1',
      'xqueue_http_request_duration_seconds_count{method="GET",path="/api/v1/tasks/{id}",status="404"} 1',
      'process_cpu_seconds_total ',
    ]) {
      assert.ok(
        text.split('\n').some((one) => one.startsWith(line)),
        line,
      );
    }
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    assert.deepEqual(names, [...new Set(names)]);
  });
});

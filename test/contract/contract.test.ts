// The description and the server say the same: every documented route gives every documented answer, in the documented
// shape, and no other.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Engine } from '../../src/engine/engine.ts';
import { exchange, get, statusesOf } from '../unit/server/raw-socket.ts';
import { type Answered, keyEntry, type Scene, startScene } from '../unit/server/scene.ts';
import { answerChecker, type Description, type Route, routesOf } from './description.ts';

const NOBODY = '019ab3f2-7c1e-7a40-8d55-3f0c9e2b6a17';

async function descriptionOf(scene: Scene): Promise<Description> {
  return JSON.parse((await scene.call('GET', '/api/v1/openapi.json')).text) as Description;
}

function pathOf(path: string, id = NOBODY): string {
  return path.replace('{id}', id).replace('{key}', 'a%2Fb');
}

describe('the check of an answer', () => {
  it('sees a wrong status, header, media type, member and kind', async () => {
    await using scene = await startScene();
    const description = await descriptionOf(scene);
    const check = answerChecker(description);
    const submit = routesOf(description).find(({ method, path }) => `${method} ${path}` === 'POST /api/v1/tasks');
    assert.ok(submit);
    const good = await scene.call('POST', '/api/v1/tasks', { type: 'a' });
    const task = JSON.parse(good.text) as Record<string, unknown>;
    assert.deepEqual(check(submit, good), []);
    const { location: _, ...headers } = Object.fromEntries(good.headers);
    for (const bad of [
      { ...good, status: 204 },
      { ...good, headers: new Headers(headers) },
      { ...good, headers: new Headers({ ...headers, location: '/', 'content-type': 'text/html' }) },
      { ...good, headers: new Headers({ ...headers, location: '/', 'xqueue-durability': 'perhaps' }) },
      { ...good, text: JSON.stringify({ ...task, extra: 1 }) },
      { ...good, text: JSON.stringify({ ...task, version: '1' }) },
      { ...good, text: JSON.stringify({ ...task, status: 'done' }) },
      { ...good, text: JSON.stringify({ ...task, retry_strategy: { type: 'fixed' } }) },
      { ...good, text: JSON.stringify({ ...task, created_at: 'today' }) },
    ]) {
      assert.notDeepEqual(check(submit, bad), []);
    }
  });
});

/** An engine whose tasks are safe in a log, with a store that is away. */
function withLog(engine: Engine): Engine {
  return {
    ...engine,
    submit: async (requests) =>
      (await engine.submit(requests)).map((reply) =>
        reply.state === 'conflict' ? reply : { state: 'logged', task: reply.task },
      ),
    logStatus: () => ({ status: 'ok', detail: '', lag: 2, partitions: [{ partition: 0, next: 3, end: 5 }] }),
  };
}

describe('the contract', () => {
  it('is kept on every route, with every answer that is documented', async () => {
    await using open = await startScene();
    const description = await descriptionOf(open);
    const routes = routesOf(description);
    const check = answerChecker(description);
    const seen = new Set<string>();

    const expect = (route: Route, answer: Answered): void => {
      const name = `${route.method} ${route.path} ${answer.status}`;
      assert.deepEqual(check(route, answer), [], name);
      seen.add(name);
    };
    const routeOf = (method: string, path: string): Route =>
      routes.find((one) => one.method === method && one.path === path) ?? assert.fail(`${method} ${path}`);
    const call = async (
      scene: Scene,
      method: string,
      path: string,
      id?: string,
      body?: unknown,
      query = '',
      headers = {},
    ) => {
      const answer = await scene.call(method, pathOf(path, id) + query, body, headers);
      expect(routeOf(method, path), answer);
      return answer;
    };

    // What routes may answer because of the request alone.
    await using keyed = await startScene({
      keys: [keyEntry('nothing', 'n'), keyEntry('all', 'a', 'read', 'submit', 'operate')],
    });
    for (const route of routes) {
      const { method, path, operation } = route;
      const documented = (status: number) => operation.responses[String(status)] !== undefined;
      if (documented(400)) await call(open, method, path, NOBODY, operation.requestBody ? {} : undefined, '?x=1');
      if (documented(401)) await call(keyed, method, path);
      if (operation['x-scope'] !== undefined) {
        await call(keyed, method, path, NOBODY, undefined, '', { authorization: 'Bearer n' });
      } else {
        assert.ok(documented(403));
        const evil = get(pathOf(path), ['Host: evil.example']);
        assert.deepEqual(statusesOf(await exchange(open.port, evil)), [403]);
        seen.add(`${method} ${path} 403`);
      }
      if (documented(413)) await call(open, method, path, NOBODY, `"${'x'.repeat(2 * 1024 * 1024)}"`);
      if (documented(415)) await call(open, method, path, NOBODY, 'x', '', { 'content-type': 'text/plain' });
    }

    // What they answer when all is well, or when a task is not as it should be.
    const TASKS = '/api/v1/tasks';
    const TASK = '/api/v1/tasks/{id}';
    const example = { type: 'example', payload: { a: [] }, concurrency_key: 'a/b', tags: ['t'], max_retry: 0 };
    const key = { 'idempotency-key': '"once"' };
    await call(open, 'POST', TASKS, '', example, '', key);
    await call(open, 'POST', TASKS, '', example, '', key);
    await call(open, 'POST', TASKS, '', { type: 'other' }, '', key);
    await call(open, 'POST', `${TASKS}/batch`, '', { tasks: [example, {}, { type: 'other' }] });
    const claimed = await open.claim();
    const running = claimed.task.id;
    await call(open, 'DELETE', TASK, running);
    await open.succeed(claimed);
    const done = await open.submit({ type: 'done' });
    await open.succeed(await open.claim('done'));
    await call(open, 'DELETE', TASK, done);
    const waiting = await open.submit();
    for (const id of [running, done, waiting]) {
      await call(open, 'GET', TASK, id);
      await call(open, 'GET', TASK, id, undefined, '?wait=0.01');
    }
    await call(open, 'DELETE', TASK, waiting, { reason: 'no longer wanted' });
    for (const id of [done, waiting]) await call(open, 'POST', `${TASK}/retry`, id);
    await call(open, 'GET', `${TASK}/events`, done);
    await call(open, 'GET', `${TASK}/events`, done, undefined, '', { 'last-event-id': '3' });
    for (const [method, path] of [
      ['GET', TASK],
      ['DELETE', TASK],
      ['POST', `${TASK}/retry`],
      ['GET', `${TASK}/events`],
      ['GET', `${TASK}/explain`],
      ['GET', `${TASK}/logs`],
    ] as const) {
      await call(open, method, path);
    }
    await call(open, 'GET', `${TASK}/explain`, waiting);
    await call(open, 'GET', `${TASK}/logs`, done);
    await call(open, 'GET', '/api/v1/events', '', undefined, '?seconds=0.01');
    const BULK = '/api/v1/bulk';
    await call(open, 'POST', BULK, '', { action: 'cancel', filter: {}, preview: true });
    const begun = await call(open, 'POST', BULK, '', { action: 'retry', ids: [waiting] });
    const operation = (JSON.parse(begun.text) as { id: string }).id;
    for (const method of ['GET', 'DELETE']) {
      await call(open, method, `${BULK}/{id}`, operation);
      await call(open, method, `${BULK}/{id}`);
    }
    await open.store.reportNode({
      id: 'n1',
      host: 'h',
      pid: 1,
      version: '1',
      startedAt: 0,
      types: ['example'],
      slots: 1,
      running: 0,
      draining: false,
    });
    for (const method of ['POST', 'DELETE']) {
      await call(open, method, '/api/v1/nodes/{id}/drain', 'n1');
      await call(open, method, '/api/v1/nodes/{id}/drain', 'nobody');
    }
    await call(open, 'PUT', '/api/v1/concurrency/{key}', '', { max_concurrency: 2 });
    for (const path of ['/tasks', '/stats', '/health', '/handlers', '/nodes', '/concurrency', '/openapi.json']) {
      await call(open, 'GET', `/api/v1${path}`);
    }
    for (const path of ['/stats/series', '/push', '/bulk']) await call(open, 'GET', `/api/v1${path}`);
    await call(open, 'DELETE', '/api/v1/concurrency/{key}');
    for (const path of ['/livez', '/readyz', '/metrics']) await call(open, 'GET', path);

    // What they answer on a node with Kafka: test/kafka has a real one.
    await using logged = await startScene({ wrap: withLog });
    await call(logged, 'POST', '/api/v1/tasks', NOBODY, { type: 'a' });
    await call(logged, 'POST', '/api/v1/tasks/batch', NOBODY, { tasks: [{ type: 'a' }] });
    await call(logged, 'GET', '/api/v1/stats');

    // What they answer when the node is about to end, and when the store is away.
    open.server.startDraining();
    await call(open, 'GET', '/readyz');
    await using broken = await startScene();
    await broken.store.close();
    for (const { method, path, operation } of routes) {
      if (operation.responses['503'] === undefined || path === '/readyz') continue;
      const submits = { type: 'a', tasks: [{ type: 'a' }] };
      const bodies = { ...submits, max_concurrency: 1, action: 'cancel', filter: {}, reason: 'r' };
      const body = operation.requestBody ? bodies : undefined;
      const names = path.endsWith('batch')
        ? ['tasks']
        : path.endsWith('tasks')
          ? ['type']
          : path.endsWith('bulk')
            ? ['action', 'filter']
            : path.endsWith('{id}')
              ? ['reason']
              : ['max_concurrency'];
      const fitting = body && Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
      await call(broken, method, path, NOBODY, fitting);
    }

    const documented = routes.flatMap(({ method, path, operation }) =>
      Object.keys(operation.responses).map((status) => `${method} ${path} ${status}`),
    );
    assert.deepEqual([...seen].sort(), [...new Set(documented)].sort());
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ManualClock } from '../../../src/adapters/clock/manual-clock.ts';
import { keyEntry, type Scene, startScene } from './scene.ts';

type Json = Record<string, unknown>;
const json = (text: string) => JSON.parse(text) as Json;

describe('submitting a task', () => {
  let scene: Scene;
  before(async () => {
    scene = await startScene();
  });
  after(() => scene[Symbol.asyncDispose]());
  const submit = (body: unknown, headers?: Record<string, string>) =>
    scene.call('POST', '/api/v1/tasks', body, headers);

  it('answers 201 with the task, its address and what the answer promises', async () => {
    const { status, headers, text } = await submit({ type: 'example', payload: { n: 1 }, tags: ['x'], delay: 1.5 });
    const task = json(text);
    assert.equal(status, 201);
    assert.equal(headers.get('xqueue-durability'), 'memory');
    assert.equal(headers.get('location'), `/api/v1/tasks/${String(task['id'])}`);
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    assert.deepEqual(
      [task['type'], task['status'], task['pending_reason'], task['payload'], task['tags'], task['version']],
      ['example', 'pending', 'scheduled', { n: 1 }, ['x'], 1],
    );
    assert.equal(Date.parse(String(task['run_at'])) - Date.parse(String(task['created_at'])), 1500);
    const read = await scene.call('GET', headers.get('location') ?? '');
    assert.deepEqual({ ...json(read.text), attempts: undefined }, { ...task, attempts: undefined });
  });

  it('answers 400 with everything that is wrong', async () => {
    const { status, headers, text } = await submit({ typ: 'a', priority: 'high' }, { 'idempotency-key': 'a b' });
    const problem = json(text);
    assert.equal(status, 400);
    assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.deepEqual([problem['code'], problem['status']], ['invalid_request', 400]);
    assert.deepEqual(
      (problem['errors'] as { path: string }[]).map(({ path }) => path),
      ['/type', '/typ', '/priority', '/Idempotency-Key'],
    );
  });

  it('takes a body with a byte order mark, in any case of the content type, with a charset', async () => {
    assert.equal((await submit('\ufeff{"type":"a"}')).status, 201);
    assert.equal((await submit('{"type":"a"}', { 'content-type': 'Application/JSON; charset="UTF-8"' })).status, 201);
  });

  it('refuses other encodings of the body', async () => {
    assert.equal((await submit('{"type":"a"}', { 'content-type': 'application/json; charset=utf-16' })).status, 415);
    assert.equal((await submit('{"type":"a"}', { 'content-encoding': 'gzip' })).status, 415);
  });

  it('tells malformed JSON from a bad task', async () => {
    for (const body of ['', '{', '{"type":"a"', "{'type':1}", '{"type":"a"}{}']) {
      const { status, text } = await submit(body);
      assert.deepEqual([status, json(text)['code']], [400, 'malformed_json'], body);
    }
  });

  it('takes names that are something else in JavaScript for names', async () => {
    for (const type of ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '0', '1e3']) {
      assert.equal(
        (await submit({ type, concurrency_key: '__proto__', tags: ['constructor', '__proto__'] })).status,
        201,
      );
    }
    const stats = json((await scene.call('GET', '/api/v1/stats')).text) as { types: Record<string, Json> };
    assert.equal(stats.types['constructor']?.['pending'], 1);
    assert.equal(stats.types['toString']?.['pending'], 1);
    for (const query of ['type=constructor', 'tag=__proto__', 'concurrency_key=__proto__']) {
      const page = json((await scene.call('GET', `/api/v1/tasks?${query}`)).text);
      assert.ok(Number(page['total']) >= 1, query);
    }
  });
});

it('the promise of an answer is that of the store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'xqueue-server-'));
  try {
    await using scene = await startScene({ store: join(folder, 'tasks.db') });
    const { headers } = await scene.call('POST', '/api/v1/tasks', { type: 'a' });
    assert.equal(headers.get('xqueue-durability'), 'fsync');
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('an Idempotency-Key', () => {
  it('answers the first task again, as it is now, for 24 hours', async () => {
    const clock = new ManualClock();
    await using scene = await startScene({ clock });
    const submit = () => scene.call('POST', '/api/v1/tasks', { type: 'a', payload: [1] }, { 'idempotency-key': '"k"' });
    const first = json((await submit()).text);
    await scene.call('DELETE', `/api/v1/tasks/${String(first['id'])}`);
    const again = await submit();
    assert.equal(again.status, 200);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.deepEqual([json(again.text)['id'], json(again.text)['status']], [first['id'], 'canceled']);
    await clock.advanceAsync(24 * 3600 * 1000);
    const later = await submit();
    assert.equal(later.status, 201);
    assert.notEqual(json(later.text)['id'], first['id']);
  });

  it('with another body is a conflict and makes nothing', async () => {
    await using scene = await startScene();
    const submit = (body: string) => scene.call('POST', '/api/v1/tasks', body, { 'idempotency-key': 'k' });
    await submit('{"type":"a","priority":1}');
    assert.equal((await submit('{ "priority" : 1, "type":"a" }')).status, 200);
    const { status, text } = await submit('{"type":"a","priority":2}');
    assert.deepEqual([status, json(text)['code']], [422, 'idempotency_conflict']);
    assert.equal(json((await scene.call('GET', '/api/v1/tasks')).text)['total'], 1);
  });

  it('is the caller’s own: another key’s task is never answered', async () => {
    await using scene = await startScene({ keys: [keyEntry('ann', 'a', 'submit'), keyEntry('bob', 'b', 'submit')] });
    const submit = (key: string) =>
      scene.call('POST', '/api/v1/tasks', { type: 'a' }, { 'idempotency-key': 'k', authorization: `Bearer ${key}` });
    const anns = await submit('a');
    const bobs = await submit('b');
    assert.deepEqual([anns.status, bobs.status], [201, 201]);
    assert.notEqual(json(anns.text)['id'], json(bobs.text)['id']);
  });

  it('used by many at once makes one task', async () => {
    await using scene = await startScene({ store: 'memory' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => scene.call('POST', '/api/v1/tasks', { type: 'a' }, { 'idempotency-key': 'k' })),
    );
    assert.equal(new Set(answers.map(({ text }) => json(text)['id'])).size, 1);
    assert.deepEqual(
      [200, 201].map((wanted) => answers.filter(({ status }) => status === wanted).length),
      [19, 1],
    );
  });
});

describe('a batch', () => {
  interface Batch {
    readonly results: readonly { status: number; task?: Json; error?: Json & { errors: { path: string }[] } }[];
    readonly accepted: number;
    readonly rejected: number;
  }

  it('answers for each task in order, and takes the good ones', async () => {
    await using scene = await startScene();
    const tasks = '{"type":"a","payload":1e400},{"type":""},{"type":"b","max_retry":1},7';
    const { status, headers, text } = await scene.call('POST', '/api/v1/tasks/batch', `{"tasks":[${tasks}]}`);
    const batch = JSON.parse(text) as Batch;
    assert.deepEqual([status, headers.get('xqueue-durability')], [200, 'memory']);
    assert.deepEqual([batch.accepted, batch.rejected], [2, 2]);
    assert.deepEqual(
      batch.results.map((one) => [one.status, one.task?.['type'] ?? one.error?.errors.map(({ path }) => path)]),
      [
        [201, 'a'],
        [400, ['/tasks/1/type']],
        [201, 'b'],
        [400, ['/tasks/3']],
      ],
    );
    assert.ok(text.includes('"payload":1e400'));
    assert.equal(json((await scene.call('GET', '/api/v1/tasks')).text)['total'], 2);
  });

  it('of nothing but bad tasks is still answered task by task', async () => {
    await using scene = await startScene();
    const { status, text } = await scene.call('POST', '/api/v1/tasks/batch', { tasks: [{}, {}] });
    assert.deepEqual([status, (JSON.parse(text) as Batch).rejected], [200, 2]);
  });

  it('of 1000 is taken in one go; an empty one and a larger one are refused', async () => {
    await using scene = await startScene({ store: 'memory' });
    const send = (count: number) =>
      scene.call('POST', '/api/v1/tasks/batch', { tasks: Array.from({ length: count }, () => ({ type: 'a' })) });
    assert.equal((JSON.parse((await send(1000)).text) as Batch).accepted, 1000);
    assert.equal((await send(0)).status, 400);
    assert.equal((await send(1001)).status, 400);
  });

  it('that is sent again with its Idempotency-Key finds each of its tasks', async () => {
    await using scene = await startScene();
    const send = (tasks: readonly object[]) =>
      scene.call('POST', '/api/v1/tasks/batch', { tasks }, { 'idempotency-key': 'k' });
    const first = JSON.parse((await send([{ type: 'a' }, { type: 'a' }])).text) as Batch;
    const again = JSON.parse((await send([{ type: 'a' }, { type: 'b' }])).text) as Batch;
    assert.deepEqual(
      again.results.map(({ status, task }) => [status, task?.['id']]),
      [
        [200, first.results[0]?.task?.['id']],
        [422, undefined],
      ],
    );
    assert.notEqual(first.results[0]?.task?.['id'], first.results[1]?.task?.['id']);
    const single = await scene.call('POST', '/api/v1/tasks', { type: 'c' }, { 'idempotency-key': 'k' });
    assert.equal(single.status, 201);
  });
});

describe('what cannot be stored', () => {
  it('is answered 503 with Retry-After, and nothing is kept', async () => {
    await using scene = await startScene();
    await scene.store.close();
    for (const [path, body] of [
      ['/api/v1/tasks', { type: 'a' }],
      ['/api/v1/tasks/batch', { tasks: [{ type: 'a' }] }],
    ] as const) {
      const { status, headers, text } = await scene.call('POST', path, body);
      assert.deepEqual([status, json(text)['code']], [503, 'store_unavailable']);
      assert.match(headers.get('retry-after') ?? '', /^\d+$/);
    }
  });

  it('is 413 above the limit, even when it is still being sent', async () => {
    await using scene = await startScene();
    const large = JSON.stringify({ type: 'a', payload: 'x'.repeat(2 * 1024 * 1024) });
    const { status, text } = await scene.call('POST', '/api/v1/tasks', large);
    assert.deepEqual([status, json(text)['code']], [413, 'payload_too_large']);
  });

  it('is a payload beyond its own limit, which is a setting', async () => {
    await using scene = await startScene({ maxPayloadBytes: 3 * 1024 * 1024 });
    const sized = (bytes: number) => ({ type: 'a', payload: 'x'.repeat(bytes - 2) });
    assert.equal((await scene.call('POST', '/api/v1/tasks', sized(3 * 1024 * 1024))).status, 201);
    const { status, text } = await scene.call('POST', '/api/v1/tasks', sized(3 * 1024 * 1024 + 1));
    assert.deepEqual([status, (json(text)['errors'] as { path: string }[])[0]?.path], [400, '/payload']);
  });
});

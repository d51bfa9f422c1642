// One of the two is away: what is accepted, what is refused, and what goes on.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogRecord } from '../../src/ports/task-log.ts';
import { eventually, getTask, post, type Task } from '../e2e/http.ts';
import { Installation, startServers, textOf } from './scene.ts';

const servers = await startServers({ redis: { appendonly: 'yes', args: ['--appendfsync', 'always'] } });
const BODY = '{"type":"echo","payload":{"n":1}}';

interface Health {
  readonly status: string;
  readonly components: Record<'store' | 'kafka', { readonly status: string; readonly detail: string }>;
}
/** Records that the store has been given. */
async function readCount(url: string): Promise<number> {
  const { kafka } = (await (await fetch(`${url}/stats`)).json()) as {
    kafka: { partitions: readonly { next: number }[] };
  };
  return kafka.partitions.reduce((sum, { next }) => sum + next, 0);
}
const healthOf = async (url: string): Promise<Health> => (await (await fetch(`${url}/health`)).json()) as Health;

/** What was under way when the broker died may be there twice; nothing is missing, and the end is last. */
function isComplete(records: readonly LogRecord[], id: string): boolean {
  const events = records.filter(({ key }) => key === id).map((one) => JSON.parse(textOf(one)) as { version: number });
  return new Set(events.map(({ version }) => version)).size === 3 && events.at(-1)?.version === 3;
}

void describe('while Kafka is away', () => {
  void it('submits are refused, what is there goes on, and afterwards all is well again', async () => {
    await using place = new Installation(servers);
    const release = Promise.withResolvers<void>();
    const gate = { type: 'gate', handle: () => release.promise };
    const echo = { type: 'echo', handle: async () => 1 };
    const node = await place.node({ handlers: [gate, echo], kafka: { deliveryTimeout: '3s' } });
    const submit = async (body: string): Promise<Task> =>
      (await (await post(`${node.url}/tasks`, body)).json()) as Task;
    const running = await submit('{"type":"gate"}');
    const waiting = await submit('{"type":"echo","delay":2}');
    await eventually(
      () => getTask(node.url, running.id),
      ({ status }) => status === 'processing',
    );

    await servers.kafka.kill();
    const refused = await post(`${node.url}/tasks`, BODY);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.equal(((await refused.json()) as { code: string }).code, 'log_unavailable');
    const batch = await post(`${node.url}/tasks/batch`, `{"tasks":[${BODY}]}`);
    assert.equal(batch.status, 503);
    const health = await eventually(
      () => healthOf(node.url),
      ({ components }) => components.kafka.status === 'down',
    );
    assert.equal(health.status, 'degraded');
    assert.equal(health.components.store.status, 'ok');
    release.resolve();
    for (const { id } of [running, waiting]) assert.equal((await getTask(node.url, id, '?wait=30')).status, 'success');
    const list = (await (await fetch(`${node.url}/tasks`)).json()) as { total: number };
    assert.equal(list.total, 2, 'nothing was accepted that was answered with 503');

    await servers.kafka.run();
    await eventually(
      () => healthOf(node.url),
      ({ status }) => status === 'ok',
      60_000,
    );
    const accepted = await eventually(
      () => post(`${node.url}/tasks`, BODY),
      ({ status }) => status === 201,
      60_000,
    );
    const { id } = (await accepted.json()) as Task;
    assert.equal((await getTask(node.url, id, '?wait=30')).status, 'success');
    await eventually(
      () => place.records('events'),
      (records) => [running, waiting, { id }].every((task) => isComplete(records, task.id)),
      60_000,
    );
  });
});

void describe('while Redis is away', () => {
  void it('submits are accepted in Kafka, and appear and run when it is back', async () => {
    await using place = new Installation(servers);
    const runs = new Map<string, number>();
    const count = async ({ id }: { id: string }) => void runs.set(id, (runs.get(id) ?? 0) + 1);
    const node = await place.node({ handlers: [{ type: 'echo', handle: count }] });
    const first = (await (await post(`${node.url}/tasks`, BODY)).json()) as Task;
    await getTask(node.url, first.id, '?wait=30');

    await servers.redis.kill();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const response = await post(`${node.url}/tasks`, BODY);
      assert.equal(response.status, 202);
      assert.equal(response.headers.get('xqueue-durability'), 'kafka');
      const task = (await response.json()) as Task;
      assert.equal(task.status, 'pending');
      assert.equal(response.headers.get('location'), `/api/v1/tasks/${task.id}`);
      ids.push(task.id);
    }
    const batch = await post(`${node.url}/tasks/batch`, `{"tasks":[${BODY},{"type":""}]}`);
    const { results, accepted } = (await batch.json()) as {
      results: { status: number; task?: Task }[];
      accepted: number;
    };
    assert.deepEqual([batch.status, accepted, results.map(({ status }) => status)], [200, 1, [202, 400]]);
    ids.push(results[0]?.task?.id ?? '');
    const named = await post(`${node.url}/tasks`, BODY, { 'idempotency-key': 'k' });
    assert.equal(named.status, 503, 'only the store knows whether there is such a task already');
    assert.equal((await healthOf(node.url)).status, 'unavailable');

    await servers.redis.run();
    for (const id of ids) {
      await eventually(
        () => fetch(`${node.url}/tasks/${id}`),
        ({ status }) => status === 200,
        60_000,
      );
      assert.equal((await getTask(node.url, id, '?wait=30')).status, 'success');
      assert.equal(runs.get(id), 1);
    }
    assert.equal(runs.get(first.id), 1);
  });

  void it('a store that came back empty is not filled from the log as if nothing had been done', async () => {
    await using place = new Installation(servers);
    const runs: string[] = [];
    const note = { type: 'echo', handle: async ({ id }: { id: string }) => void runs.push(id) };
    const node = await place.node({ handlers: [note] });
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) ids.push(((await (await post(`${node.url}/tasks`, BODY)).json()) as Task).id);
    for (const id of ids) await getTask(node.url, id, '?wait=30');
    await eventually(
      () => readCount(node.url),
      (count) => count === ids.length,
      60_000,
    );
    await servers.redis.command('FLUSHALL');
    const { id } = (await (await post(`${node.url}/tasks`, BODY)).json()) as Task;
    assert.equal((await getTask(node.url, id, '?wait=30')).status, 'success');
    const { status, components } = await eventually(
      () => healthOf(node.url),
      (health) => health.components.kafka.status === 'down',
      60_000,
    );
    assert.equal(status, 'degraded');
    assert.match(components.kafka.detail, /xqueue rebuild/);
    // What comes now is taken in all the same, and who starts later says what is missing as well.
    const again = await place.node({ handlers: [note] });
    await eventually(
      () => healthOf(again.url),
      (health) => /xqueue rebuild/.test(health.components.kafka.detail),
      60_000,
    );
    const log = await place.log();
    await log.append('tasks', [{ key: null, value: BODY }]);
    await log.close();
    await eventually(
      async () => runs.length,
      (count) => count === ids.length + 2,
      60_000,
    );
    assert.equal(new Set(runs).size, runs.length, 'nothing ran twice');
    assert.ok(runs.includes(id));
  });
});

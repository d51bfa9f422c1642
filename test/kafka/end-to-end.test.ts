// From whoever submits to whoever watches the topics: with the real broker, and Kafka's own tools as the other programs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { toolCommand } from '../../scripts/kafka/java.ts';
import { eventually, getTask, post, type Task } from '../e2e/http.ts';
import { Installation, startServers, textOf } from './scene.ts';

const servers = await startServers();

interface Health {
  readonly status: string;
  readonly components: { readonly kafka: { readonly status: string; readonly detail: string; readonly lag?: number } };
}
interface Stats {
  readonly tasks: { readonly success: number };
  readonly kafka?: {
    readonly lag: number | null;
    readonly partitions: readonly { next: number; end: number; lag: number }[];
  };
}

const read = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
const echo = { type: 'echo', handle: async (task: { payload: unknown }) => ({ was: task.payload }) };

/** Apache's own console producer: one line, one record. */
function produce(topic: string, lines: string): Promise<void> {
  const command = toolCommand('console-producer', [
    '--bootstrap-server',
    servers.kafka.internalBroker,
    '--topic',
    topic,
  ]);
  return new Promise((resolve, reject) => {
    const child = execFile('java', command, (error) => (error ? reject(error) : resolve()));
    child.stdin?.end(lines);
  });
}

void describe('with Kafka', () => {
  void it('a task that was submitted by HTTP is in Kafka first, can be read at once, and runs', async () => {
    await using place = new Installation(servers);
    const node = await place.node({ handlers: [echo] });
    const body = '{"type":"echo","payload":{"big":12345678901234567890,"list":[]},"tags":["a"],"delay":0.2}';
    const response = await post(`${node.url}/tasks`, body);
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('xqueue-durability'), 'kafka');
    const { id } = (await response.json()) as Task;
    assert.equal(response.headers.get('location'), `/api/v1/tasks/${id}`);
    assert.equal((await fetch(`${node.url}/tasks/${id}`)).status, 200);
    const [record] = await place.records('tasks');
    assert.ok(record);
    assert.equal(record.key, id);
    assert.match(textOf(record), /"payload":\{"big":12345678901234567890,"list":\[\]\}/);
    assert.equal((await getTask(node.url, id, '?wait=30')).status, 'success');
  });

  void it('a plain body from another program runs as well, and what is no task goes to the rejected topic', async () => {
    await using place = new Installation(servers);
    const node = await place.node({ handlers: [echo] });
    await produce(place.topic, '{"type":"echo","payload":{"from":"console"}}\nthis is no task\n{"tpye":"echo"}\n');
    const { tasks } = await eventually(
      () => read<{ tasks: (Task & { payload: unknown })[] }>(`${node.url}/tasks?status=success`),
      (page) => page.tasks.length === 1,
      60_000,
    );
    assert.deepEqual(tasks[0]?.payload, { from: 'console' });
    const rejected = await eventually(
      () => place.records('rejected'),
      (records) => records.length === 2,
    );
    const byText = new Map(rejected.map((record) => [textOf(record), record.headers]));
    assert.match(byText.get('this is no task')?.['xqueue-reason'] ?? '', /valid JSON/);
    assert.match(byText.get('{"tpye":"echo"}')?.['xqueue-reason'] ?? '', /did you mean type/);
    assert.equal(byText.get('this is no task')?.['xqueue-topic'], place.topic);
    assert.match(byText.get('this is no task')?.['xqueue-offset'] ?? '', /^\d+$/);
  });

  void it('every change is on the events topic, in order for each task, with what a rebuild needs at the end', async () => {
    await using place = new Installation(servers);
    const failOnce = {
      type: 'shaky',
      handle: async (task: { retry: number }) => {
        if (task.retry === 0) throw new Error('not yet');
        return { big: [1, 2] };
      },
    };
    const node = await place.node({ handlers: [failOnce] });
    const body = JSON.stringify({ type: 'shaky', retry_strategy: { type: 'fixed', delay: 0.01 } });
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => ((await (await post(`${node.url}/tasks`, body)).json()) as Task).id),
    );
    const ended = (text: string) => /"status":"success"/.test(text);
    const records = await eventually(
      () => place.records('events'),
      (all) => all.filter((record) => ended(textOf(record))).length === ids.length,
      60_000,
    );
    for (const id of ids) {
      const events = records
        .filter(({ key }) => key === id)
        .map((record) => JSON.parse(textOf(record)) as Record<string, unknown> & { version: number });
      assert.deepEqual(
        events.map(({ status }) => status),
        ['pending', 'processing', 'pending', 'processing', 'success'],
      );
      assert.deepEqual(
        events.map(({ version }) => version),
        [1, 2, 3, 4, 5],
      );
      const last = events.at(-1);
      assert.deepEqual(last?.result, { big: [1, 2] });
      assert.equal(last?.attempt, 2);
      assert.equal(last?.task_id, id);
    }
    assert.equal(new Set(records.map(({ partition, key }) => `${partition} ${key}`)).size, ids.length);
  });

  void it("offsets advance with what the store was given, for Kafka's own tools too; lag is in /stats and /health", async () => {
    await using place = new Installation(servers);
    const node = await place.node({ handlers: [echo] });
    for (let n = 0; n < 30; n++) await post(`${node.url}/tasks`, '{"type":"echo"}');
    const { kafka } = await eventually(
      () => read<Stats>(`${node.url}/stats`),
      (stats) => stats.kafka?.lag === 0 && stats.kafka.partitions.reduce((sum, { next }) => sum + next, 0) === 30,
      60_000,
    );
    assert.equal(kafka?.partitions.length, 3);
    const metrics = await (await fetch(new URL('/metrics', node.url))).text();
    assert.match(metrics, /^xqueue_kafka_up 1$/m);
    assert.match(metrics, /^xqueue_kafka_lag 0$/m);
    const health = await read<Health>(`${node.url}/health`);
    assert.equal(health.status, 'ok');
    assert.deepEqual([health.components.kafka.status, health.components.kafka.lag], ['ok', 0]);
    const group = ['--describe', '--group', `${place.topic}-group`];
    const shown = await eventually(
      () => servers.kafka.tool('consumer-groups', ...group),
      (text) => offsetsIn(text, place.topic) === 30,
      60_000,
    );
    assert.match(shown, new RegExp(place.topic));
  });
});

/** Sum of CURRENT-OFFSET over the partitions of a topic. */
function offsetsIn(text: string, topic: string): number {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[1] === topic).reduce((sum, row) => sum + (Number(row[3]) || 0), 0);
}

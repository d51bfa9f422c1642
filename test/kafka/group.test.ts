// Many nodes read one log: partitions move with those who come and go, and nothing that tasks do moves them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Logger } from '../../src/ports/logger.ts';
import { eventually, getTask, post, type Task } from '../e2e/http.ts';
import { longMs } from '../long-run.ts';
import { Installation, startServers } from './scene.ts';

const servers = await startServers();

interface TaskPage {
  readonly tasks: readonly { readonly status: string; readonly payload: { readonly n: number } }[];
  readonly total: number;
}

const listOf = async (url: string): Promise<TaskPage> =>
  (await (await fetch(`${url}/tasks?limit=1000`)).json()) as TaskPage;

/** As another program would write: without ids, so that each record needs somebody who reads it. */
async function produce(place: Installation, from: number, count: number): Promise<void> {
  const log = await place.log();
  const bodies = Array.from({ length: count }, (_, i) => JSON.stringify({ type: 'count', payload: { n: from + i } }));
  await log.append(
    'tasks',
    bodies.map((value, i) => ({ key: `any ${from + i}`, value })),
  );
  await log.close();
}

void describe('the consumer group', () => {
  void it('takes every record in once while nodes come and go', async () => {
    await using place = new Installation(servers);
    const runs = new Map<number, number>();
    const count = {
      type: 'count',
      handle: async ({ payload }: { payload: unknown }) => {
        const { n } = payload as { n: number };
        runs.set(n, (runs.get(n) ?? 0) + 1);
      },
    };
    const wish = { handlers: [count] };
    const first = await place.node(wish);
    const total = 600;
    for (let round = 0; round < 4; round++) {
      const produced = produce(place, round * 150, 150);
      const guest = await place.node(wish);
      await produced;
      await guest.close();
    }
    const { tasks } = await eventually(
      () => listOf(first.url),
      (page) => page.total === total && page.tasks.every(({ status }) => status === 'success'),
      120_000,
    );
    assert.equal(tasks.length, total);
    assert.equal(runs.size, total);
    assert.deepEqual([...new Set(runs.values())], [1]);
  });

  void it('is not disturbed by a task that runs longer than its sessions last', async () => {
    await using place = new Installation(servers);
    const said: string[] = [];
    const note = (message: string): void => void said.push(message);
    const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
    const end = Promise.withResolvers<void>();
    const slow = { type: 'slow', handle: () => end.promise };
    const node = await place.node({ handlers: [slow], log, kafka: { sessionTimeout: '6s' } });
    const { id } = (await (await post(`${node.url}/tasks`, '{"type":"slow","process_timeout":0}')).json()) as Task;
    await eventually(
      () => getTask(node.url, id),
      ({ status }) => status === 'processing',
    );
    const before = await servers.kafka.tool('consumer-groups', '--describe', '--group', `${place.topic}-group`);
    // More than twice as long as Kafka waits for a member it does not hear of. `TEST_MINUTES=10` takes longer.
    await new Promise((resolve) => setTimeout(resolve, longMs(15_000)));
    const after = await servers.kafka.tool('consumer-groups', '--describe', '--group', `${place.topic}-group`);
    assert.deepEqual(membersIn(after), membersIn(before));
    assert.deepEqual(
      said.filter((message) => /consumer group/.test(message)),
      ['Takes part in the consumer group', 'In the consumer group'],
    );
    end.resolve();
    assert.equal((await getTask(node.url, id, '?wait=30')).status, 'success');
  });

  void it('goes on where it was after all nodes were gone', async () => {
    await using place = new Installation(servers);
    await (await place.node()).close();
    await produce(place, 0, 20);
    const node = await place.node();
    assert.equal(
      (
        await eventually(
          () => listOf(node.url),
          ({ total }) => total === 20,
          60_000,
        )
      ).total,
      20,
    );
    await node.close();
    await produce(place, 20, 5);
    const again = await place.node();
    const { tasks } = await eventually(
      () => listOf(again.url),
      ({ total }) => total === 25,
      60_000,
    );
    assert.equal(new Set(tasks.map(({ payload }) => payload.n)).size, 25);
  });
});

/** Ids of the members that `kafka-consumer-groups` shows. */
function membersIn(text: string): string[] {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return [...new Set(rows.flatMap((row) => (row[6]?.includes('xqueue-') ? [row[6]] : [])))].sort();
}

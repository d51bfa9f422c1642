import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { eventually, getTask, submit } from './http.ts';
import { emptyFolder, startNode } from './node-process.ts';

const folders: { remove(): void }[] = [];
after(() => {
  for (const folder of folders) folder.remove();
});
function fresh(): string {
  const folder = emptyFolder();
  folders.push(folder);
  return folder.path;
}

describe('kill -9 and a start on the same folder', () => {
  it('no accepted task is lost, and what ran is taken up again at once', async () => {
    const folder = fresh();
    const args = ['--queue-max-concurrency', '5'];
    const first = await startNode(folder, args);
    const accepted = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        submit(first.url, { type: 'example', payload: { message: `${i}`, duration: 1 } }),
      ),
    );
    const running = async () => {
      const page = (await (await fetch(`${first.url}/tasks?status=processing`)).json()) as { total: number };
      return page.total;
    };
    await eventually(running, (count) => count === 5);
    first.signal('SIGKILL');
    assert.equal((await first.ended).signal, 'SIGKILL');

    const second = await startNode(folder, args);
    const since = performance.now();
    const ended = await Promise.all(accepted.map(({ id }) => getTask(second.url, id, '?wait=40')));
    // Four rounds of one second; a lease (90 s) must not be waited for.
    assert.ok(performance.now() - since < 20_000, 'taken up at once');
    assert.deepEqual(new Set(ended.map((task) => task.status)), new Set(['success']));
    const outcomes = ended.map((task) => task.attempts.map((attempt) => attempt.outcome).join());
    assert.equal(outcomes.filter((outcome) => outcome === 'lost,success').length, 5, outcomes.join(' '));
    assert.ok(
      ended.every((task) => task.retry === 0),
      'costs no retry',
    );
    second.signal('SIGTERM');
    assert.equal((await second.ended).code, 0);
  });
});

describe('SIGTERM', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} lets running handlers end, takes no new work, and exits with 0`, async () => {
      const folder = fresh();
      const node = await startNode(folder, ['--queue-max-concurrency', '1']);
      const running = await submit(node.url, { type: 'example', payload: { duration: 1 } });
      const waiting = await submit(node.url, { type: 'example', payload: { duration: 0 } });
      await eventually(
        () => getTask(node.url, running.id),
        (task) => task.status === 'processing',
      );
      node.signal(signal);
      const { code, err } = await node.ended;
      assert.equal(code, 0, err);
      assert.match(err, new RegExp(`${signal}: draining`));

      const paused = await startNode(folder, ['--node-role', 'api']);
      assert.equal((await getTask(paused.url, running.id)).status, 'success');
      assert.equal((await getTask(paused.url, waiting.id)).status, 'pending');
      paused.signal('SIGTERM');
      await paused.ended;
    });
  }

  it('a handler that does not end in the grace goes back to the queue at no cost', async () => {
    const folder = fresh();
    const node = await startNode(folder, ['--queue-shutdown-grace', '200ms']);
    const { id } = await submit(node.url, { type: 'example', payload: { duration: 30 } });
    await eventually(
      () => getTask(node.url, id),
      (task) => task.status === 'processing',
    );
    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 0);

    const next = await startNode(folder, ['--node-role', 'api']);
    const task = await getTask(next.url, id);
    assert.equal(task.status, 'pending');
    assert.equal(task.retry, 0);
    assert.deepEqual(
      task.attempts.map((attempt) => attempt.outcome),
      ['released'],
    );
    next.signal('SIGTERM');
    await next.ended;
  });

  it('a second signal ends at once, and the task is taken up by the next start', async () => {
    const folder = fresh();
    const node = await startNode(folder);
    const { id } = await submit(node.url, { type: 'example', payload: { duration: 4 } });
    await eventually(
      () => getTask(node.url, id),
      (task) => task.status === 'processing',
    );
    const since = performance.now();
    node.signal('SIGTERM');
    // A signal right behind the first is its echo (npm passes on what the terminal has sent already).
    node.signal('SIGTERM');
    await eventually(
      async () => performance.now() - since,
      (elapsedMs) => elapsedMs > 500,
    );
    assert.match(node.err(), /draining/);
    node.signal('SIGTERM');
    assert.equal((await node.ended).code, 143);
    assert.ok(performance.now() - since < 3500);
    const next = await startNode(folder);
    assert.equal((await getTask(next.url, id, '?wait=20')).status, 'success');
    next.signal('SIGTERM');
    await next.ended;
  });
});

// A node that an operator takes out of work, as a real process: it gives nothing up, takes nothing new, and stays so also
// when it comes back after a crash under its name.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventually, getTask, submit } from './http.ts';
import { emptyFolder, startNode } from './node-process.ts';

async function setDrain(base: string, method: 'POST' | 'DELETE'): Promise<void> {
  const response = await fetch(`${base}/nodes/one/drain`, { method });
  assert.equal(response.status, 200, await response.text());
}

it('a drained node ends what it runs, takes nothing new also after a crash, and works again when told so', async (t) => {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const first = await startNode(folder.path, ['--node-id', 'one']);
  const running = await submit(first.url, { type: 'example', payload: { duration: 1 } });
  await eventually(
    () => getTask(first.url, running.id),
    ({ status }) => status === 'processing',
  );
  await setDrain(first.url, 'POST');
  const waiting = await submit(first.url, { type: 'example', payload: { duration: 0 } });
  assert.equal((await getTask(first.url, running.id, '?wait=30')).status, 'success');
  assert.equal((await getTask(first.url, waiting.id)).status, 'pending');
  first.signal('SIGKILL');
  await first.ended;

  const second = await startNode(folder.path, ['--node-id', 'one']);
  assert.equal((await getTask(second.url, waiting.id, '?wait=1')).status, 'pending');
  await setDrain(second.url, 'DELETE');
  assert.equal((await getTask(second.url, waiting.id, '?wait=30')).status, 'success');
  second.signal('SIGTERM');
  assert.equal((await second.ended).code, 0);
});

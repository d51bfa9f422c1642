// A node that dies right before or right after each kind of call it makes to its store, from the claim to the outcome:
// whatever the call was, the next node goes on and every task comes to its one end.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { aSubmission, SETTINGS } from '../conformance/builders.ts';
import { emptyFolder, launch } from '../e2e/node-process.ts';
import { audit } from './audit.ts';

const NODE = new URL('./crash-node.ts', import.meta.url).pathname;
const METHODS = ['reportNode', 'claim', 'heartbeat', 'progress', 'settle', 'release', 'lostLeases', 'sweepTimers'];

it('dies at each call between claim and outcome', { timeout: 60_000 }, async (t) => {
  const folder = emptyFolder();
  t.after(() => folder.remove());
  const dataFile = join(folder.path, 'xqueue.db');
  const accepted = new Map<string, string>();
  const submitSome = async (): Promise<void> => {
    const store = await openSqliteStore({
      path: dataFile,
      settings: SETTINGS,
      clock: new SystemClock(),
      host: 'direct',
    });
    const batch = [
      ...Array.from({ length: 3 }, () => aSubmission({ type: 'quick', key: 'k', max: 2 })),
      ...Array.from({ length: 3 }, () => aSubmission({ type: 'reporting', payload: '{"ms":120}' })),
      aSubmission({ type: 'deaf', payload: '{"ms":300}', processTimeoutMs: 50, maxRetry: 0 }),
      aSubmission({ type: 'quick', due: { afterMs: 100 } }),
    ];
    await store.submit(batch);
    for (const { spec } of batch) accepted.set(spec.id, spec.payload);
    await store.close();
  };
  const quiet = '--disable-warning=ExperimentalWarning';

  for (const method of METHODS) {
    for (const when of ['before', 'after']) {
      await submitSome();
      const { signal, err } = await launch(folder.path, [quiet, NODE, dataFile, method, when]).ended;
      assert.equal(signal, 'SIGKILL', `it called ${method}: ${err}`);
    }
  }
  const { code, err } = await launch(folder.path, [quiet, NODE, dataFile]).ended;
  assert.equal(code, 0, err);
  const { tasks } = await audit({ dataFile, folder: folder.path, accepted, state: 'all final' });
  const failed = tasks.filter(({ status }) => status !== 'success');
  assert.ok(
    failed.every(({ type, errorCode }) => type === 'deaf' && errorCode === 'process_timeout'),
    'nothing fails but what must',
  );
});

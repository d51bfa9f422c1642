// Works on a data file as fast as it can and says what was acknowledged, until somebody kills it.
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open.ts';
import { outcomeOfLostLease } from '../../src/domain/outcome.ts';
import { aSubmission, SETTINGS } from '../conformance/builders.ts';

const [path = '', round = '0'] = process.argv.slice(2);
const store = await openSqliteStore({ path, settings: SETTINGS, clock: new SystemClock() });
let made = 0;
let claims = 0;

for (const lost of await store.lostLeases(1000)) {
  const outcome = outcomeOfLostLease(lost.facts, { ...lost, maxRecoveries: 1000 }, 0.5);
  await store.settle([{ ...lost, outcome, handler: 'ended', by: 'sweeper' }]);
}
await Promise.all([submitForEver(), workForEver()]);

async function submitForEver(): Promise<never> {
  for (;;) {
    const batch = Array.from({ length: 1 + (made % 7) }, () =>
      aSubmission({
        id: `${round.padStart(4, '0')}-${String(++made).padStart(11, '0')}`,
        type: 'work',
        key: `k${made % 3}`,
        max: 5,
        tags: ['t'],
      }),
    );
    await store.submit(batch);
    console.log(['accepted', ...batch.map(({ spec }) => spec.id)].join(' '));
  }
}

async function workForEver(): Promise<never> {
  for (;;) {
    const claimed = await store.claim({ requestId: String(++claims), nodeId: 'n', types: ['work'], count: 5 });
    const done = claimed.map(
      ({ lease }) => ({ ...lease, outcome: { kind: 'succeed', result: '1' }, handler: 'ended', by: 'holder' }) as const,
    );
    await store.settle(done);
    if (done.length > 0) console.log(['settled', ...done.map(({ id }) => id)].join(' '));
  }
}

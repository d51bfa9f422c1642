// Where the relay stands, kept for its next holder: the word of the latest holder counts.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import { SETTINGS } from '../conformance/builders.ts';
import { testServer } from './store-under-test.ts';

void it('a holder that lost the lock cannot move the cursor of the one after it', async () => {
  const { addr } = await testServer();
  const options = { addr, settings: SETTINGS, clock: systemClock, keyPrefix: 'cursor' };
  const [one, two] = [await openRedisStore(options), await openRedisStore(options)];
  try {
    assert.equal(await one.relayCursor.load(), null);
    await one.relayCursor.save('100-0', 7);
    assert.equal(await two.relayCursor.load(), '100-0');
    await two.relayCursor.save('200-0', 8);
    await one.relayCursor.save('150-0', 7);
    assert.equal(await one.relayCursor.load(), '200-0');
    await two.relayCursor.save('300-1', 8);
    assert.equal(await one.relayCursor.load(), '300-1');
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

// The tests of the tests, on Redis: each mutant has one place of a script changed, and the conformance suite (or, where it cannot, a random
// history against the model) must notice.
// `XQUEUE_MUTANT=<part of a name>` runs some of them only.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { createClient } from 'redis';
import { collectTests, firstFailure } from '../conformance/collected-tests.ts';
import type { Mutant } from '../conformance/mutants/mutant.ts';
import { mutantOfScripts, PATCHES_OF_THE_REDIS_STORE, SOUND } from '../conformance/mutants/of-redis-store.ts';
import { model } from '../conformance/stores.ts';
import { THEMES } from '../conformance/themes.ts';
import { Coverage } from '../differential/coverage.ts';
import { Divergence, runHistory } from '../differential/history.ts';
import { RedisServer } from '../redis-server.ts';
import { edges } from './edges.ts';

const TESTS = collectTests([...THEMES, edges]);
const wanted = process.env.XQUEUE_MUTANT ?? '';
const server = await RedisServer.start();
const flusher = createClient({ RESP: 2, socket: server.addr, disableClientInfo: true });
flusher.on('error', () => undefined);
await flusher.connect();

after(async () => {
  flusher.destroy();
  await server.stop();
});

/** All stores have the same prefix: so their scripts are loaded once per mutant, not once per test. */
async function emptyServer(): Promise<RedisServer['addr']> {
  await flusher.sendCommand(['FLUSHALL']);
  return server.addr;
}

void it('the conformance suite catches nothing when no script is changed', async () => {
  assert.equal(await firstFailure(TESTS, mutantOfScripts(SOUND, emptyServer)), null);
});

void describe('the conformance suite catches a Redis store when', () => {
  for (const patch of PATCHES_OF_THE_REDIS_STORE.filter(({ name }) => name.includes(wanted))) {
    void it(`${patch.name} (${patch.breaks})`, async (t) => {
      const mutant = mutantOfScripts(patch, emptyServer);
      const caught = (await firstFailure(TESTS, mutant, patch.caughtBy)) ?? (await firstDivergence(mutant));
      assert.ok(caught, 'every test of the suite passed, and the histories saw no difference');
      t.diagnostic(`caught by: ${caught}`);
    });
  }

  void it('and the server is still sound after them', async () => {
    assert.equal(await server.command('PING'), 'PONG');
  });
});

const HISTORIES = 6;

async function firstDivergence(mutant: Mutant): Promise<string | null> {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    try {
      await runHistory({ left: model, right: mutant, seed, steps: 600, coverage: new Coverage() });
    } catch (error) {
      if (error instanceof Divergence) return `history ${seed}`;
      throw error;
    }
  }
  return null;
}

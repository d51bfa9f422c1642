// Mutants of the Redis store's own code: one place of a script is changed. They show that the tests reach the places where
// such queues fail: lanes that are not woken, wakes that are not handed on, slots and leases judged by the wrong thing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../../src/adapters/clock/system-clock.ts';
import type { Address } from '../../../src/adapters/redis/link.ts';
import type * as redis from '../../../src/adapters/redis/open.ts';
import type { Supports } from '../stores.ts';
import type { LuaPatch } from './lua-patch.ts';
import type { Mutant } from './mutant.ts';
import { patchedEntry } from './patched-source.ts';
import { PATCHES_OF_CALLS } from './redis-patches-of-calls.ts';
import { PATCHES_OF_CLAIMS } from './redis-patches-of-claims.ts';

const TREE = new URL('../../../src/adapters/redis/', import.meta.url);
const SUPPORTS: Supports = { clockSetBack: true, stallDetection: true, signals: true, refusesAfterClose: true };

/** @param emptyServer where an empty server is; asked before each store is opened */
export function mutantOfScripts(patch: LuaPatch, emptyServer: () => Promise<Address>): Mutant {
  const entry = patchedLua(patch);
  return {
    name: patch.name,
    breaks: patch.breaks,
    supports: SUPPORTS,
    open: async ({ clock, settings }) => {
      const { openRedisStore } = (await import(entry)) as typeof redis;
      const addr = await emptyServer();
      const store = await openRedisStore({ addr, settings, clock: systemClock, storeTime: () => clock.now() });
      return { store, locks: store.locks, clock, dispose: () => store.close() };
    },
  };
}

/** Scripts are read, not imported: what is patched is the place that reads them. */
function patchedLua({ name, file, find, replace }: LuaPatch): string {
  const url = new URL(`scripts/${file}.lua`, TREE);
  const places = readFileSync(url, 'utf8').split(find).length - 1;
  assert.equal(places, 1, `the patch must fit exactly one place of ${file}.lua: ${find}`);
  const read = "readFileSync(new URL(href), 'utf8')";
  const isIt = `href === ${JSON.stringify(url.href)}`;
  const change = `.split(${JSON.stringify(find)}).join(${JSON.stringify(replace)})`;
  const patch = { file: 'scripts.ts', find: read, replace: `(${isIt} ? ${read}${change} : ${read})` };
  return patchedEntry(`redis ${name}`, TREE, 'open.ts', patch);
}

/** Changes nothing: what the suite catches of all others must be their fault, not that of the patching or of a server. */
export const SOUND: LuaPatch = {
  name: 'nothing is changed',
  breaks: 'nothing',
  file: 'settle',
  find: 'KEYS',
  replace: 'KEYS',
};

export const PATCHES_OF_THE_REDIS_STORE: readonly LuaPatch[] = [...PATCHES_OF_CLAIMS, ...PATCHES_OF_CALLS];

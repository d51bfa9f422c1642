// Mutants of the embedded store's own code: one line of it is changed. They show that the tests reach the places where
// such queues fail: lanes that are not woken, wakes that are not handed on, slots and leases judged by the wrong thing.
import type * as sqlite from '../../../src/adapters/sqlite/open.ts';
import { embedded } from '../stores.ts';
import type { Mutant } from './mutant.ts';
import { type Patch, patchedEntry } from './patched-source.ts';

const TREE = new URL('../../../src/adapters/sqlite/', import.meta.url);

function mutantOfSource(about: Pick<Mutant, 'name' | 'breaks' | 'notSeenByHistories'>, patch: Patch): Mutant {
  return {
    ...about,
    supports: embedded.supports,
    open: async ({ clock, settings }) => {
      const entry = patchedEntry(about.name, TREE, 'open.ts', patch);
      const { openSqliteStore } = (await import(entry)) as typeof sqlite;
      const store = await openSqliteStore({ path: ':memory:', clock, settings });
      return { store, locks: store.locks, clock, dispose: () => store.close() };
    },
  };
}

export const MUTANTS_OF_THE_EMBEDDED_STORE: readonly Mutant[] = [
  mutantOfSource(
    { name: 'lanes: nobody is woken', breaks: 'S5' },
    { file: 'lanes.ts', find: 'if (!step.memory.parkedKeys.has(key)) return;', replace: 'return;' },
  ),
  mutantOfSource(
    { name: 'lanes: only one type is woken', breaks: 'S5' },
    {
      file: 'lanes.ts',
      find: '    step.work(step.typeName(typeId));\n  }\n}',
      replace: '    step.work(step.typeName(typeId));\n    return;\n  }\n}',
    },
  ),
  mutantOfSource(
    { name: 'lanes: a lane that takes, empties or loses its head does not hand the wake on', breaks: 'S5' },
    {
      file: 'lanes.ts',
      find: 'if (lane.parkedOn === null) for (const { key } of lane.limits) wake(step, key);',
      replace: '',
    },
  ),
  mutantOfSource(
    { name: 'lanes: a lane that parks does not hand the wake on', breaks: 'S5' },
    {
      file: 'lanes.ts',
      find: 'for (const limit of lane.limits) if (limit.key !== key) wake(step, limit.key);',
      replace: '',
    },
  ),
  mutantOfSource(
    { name: 'lanes: a better head does not leave the parking', breaks: 'I17' },
    { file: 'lanes.ts', find: 'if (limit && hasRoom(step, limit)) unpark', replace: 'if (limit && !limit) unpark' },
  ),
  mutantOfSource(
    { name: 'lanes: a lane whose own maximum is too small swallows the wake', breaks: 'S5' },
    {
      file: 'lanes.ts',
      find: 'const best = bestParked(step, key, typeId, above);',
      replace:
        'let best = bestParked(step, key, typeId, -1);\n    if (best !== bestParked(step, key, typeId, above)) best = null;',
    },
  ),
  mutantOfSource(
    { name: 'claim: takes more heads of a lane than are better than the next lane', breaks: 'I17' },
    { file: 'claim.ts', find: 'bound: best.bound', replace: 'bound: Number.POSITIVE_INFINITY' },
  ),
  mutantOfSource(
    { name: 'claim: one more than the limit', breaks: 'S1' },
    { file: 'claim.ts', find: 'if (free <= 0) return limit.key;', replace: 'if (free < 0) return limit.key;' },
  ),
  mutantOfSource(
    { name: 'settle: the token is not checked', breaks: 'I6' },
    { file: 'settle.ts', find: ' && token === settlement.token && over', replace: ' && over' },
  ),
  mutantOfSource(
    { name: 'settle: the end of the lease is not checked', breaks: 'I6' },
    { file: 'settle.ts', find: " && over === (settlement.by === 'sweeper')", replace: '' },
  ),
  mutantOfSource(
    { name: 'settle: freed slots wake nobody', breaks: 'S5' },
    { file: 'settle.ts', find: 'for (const key of freed) wake(step, key);', replace: '' },
  ),
  mutantOfSource(
    { name: 'release: freed slots wake nobody', breaks: 'S5' },
    { file: 'leases.ts', find: 'for (const key of keys) wake(step, key);', replace: '' },
  ),
  mutantOfSource(
    { name: 'end of a lease: freed slots wake nobody', breaks: 'S5' },
    { file: 'waiting.ts', find: 'for (const key of keys) wake(step, key);', replace: '' },
  ),
  mutantOfSource(
    { name: 'setLimit: a raised limit wakes nobody', breaks: 'S5' },
    { file: 'concurrency.ts', find: '  wake(step, key);', replace: '' },
  ),
  mutantOfSource(
    { name: 'heartbeat: the lease is renewed past the deadline', breaks: 'I13' },
    {
      file: 'lease-end.ts',
      find: 'return processDeadline === null ? full',
      replace: 'return processDeadline === null || processDeadline < full ? full',
    },
  ),
  mutantOfSource(
    { name: 'logs: lines beyond those kept stay', breaks: 'logs' },
    { file: 'logs.ts', find: 'last - LIMITS.logLinesKept);', replace: '0);' },
  ),
  mutantOfSource(
    { name: 'logs: bytes are not bounded', breaks: 'logs' },
    { file: 'logs.ts', find: '(bytes += own) > LIMITS.logBytesKept', replace: '(bytes += own) < 0' },
  ),
  mutantOfSource(
    { name: 'logs: characters are counted, not bytes', breaks: 'logs' },
    { file: 'logs.ts', find: 'Buffer.byteLength(message) +', replace: 'message.length +' },
  ),
  mutantOfSource(
    { name: 'cancel: the reason does not last until the end of the attempt', breaks: 'cancel' },
    { file: 'settle.ts', find: 'row[11] === 1 ? row[21] : null', replace: 'null' },
  ),
  mutantOfSource(
    {
      name: 'cancel: a reason of an earlier attempt comes back',
      breaks: 'cancel',
      notSeenByHistories: 'a task that was canceled while it ran is rarely revived and canceled by its node alone',
    },
    { file: 'settle.ts', find: 'row[11] === 1 ? row[21] : null', replace: 'row[21]' },
  ),
  mutantOfSource(
    { name: 'counters: leaving a status is not counted', breaks: 'C1' },
    {
      file: 'changes.ts',
      find: 'if (from !== null) step.count(0, typeId, from, -1);',
      replace: 'if (from !== null && from > 1) step.count(0, typeId, from, -1);',
    },
  ),
];

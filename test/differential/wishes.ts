// What clients and nodes may want: random submissions, settlements and sweeps, legal or not.
import type { Limit } from '../../src/domain/concurrency.ts';
import { type Outcome, outcomeOfLostLease } from '../../src/domain/outcome.ts';
import { DEFAULT_RETRY } from '../../src/domain/retry.ts';
import type { LostLease, Settlement, Submission } from '../../src/ports/task-store.ts';
import { aSubmission, SECOND, type TaskWish } from '../conformance/builders.ts';
import type { PairedLease } from './pair.ts';
import type { World } from './world.ts';

const PAYLOADS = ['{}', '[]', '{"n":123456789012345678901234567890}', '"日本 🎈"', '{"b":1,"a":[]}', 'null'];

export function someSubmission(world: World): Submission {
  const { chance } = world;
  const known = chance.oneIn(20) ? chance.pickRecent(world.ids, 30) : undefined;
  return aSubmission({ ...someWish(world), id: known ?? world.newId() });
}

/** Tasks of one call that differ in their ids only. */
export function someAlike(world: World): Submission[] {
  const wish = someWish(world);
  return Array.from({ length: world.chance.between(2, 12) }, () => aSubmission({ ...wish, id: world.newId() }));
}

function someWish(world: World): TaskWish {
  const { chance, pair } = world;
  const limits = someLimits(world);
  const [first] = limits;
  const asked = first !== undefined && chance.oneIn(2) ? { concurrencyKey: first.key, maxConcurrency: first.max } : {};
  return {
    type: chance.pick(world.types),
    payload: chance.pick(PAYLOADS),
    priority: chance.pick([0, 0, 0, 1, -1, 5]),
    maxRetry: chance.pick([0, 1, 3]),
    retryStrategy: chance.oneIn(3) ? { ...DEFAULT_RETRY, type: 'fixed', delayMs: 200, jitter: 0 } : DEFAULT_RETRY,
    queueTimeoutMs: chance.pick([0, 0, 500, 2 * SECOND, 10 * SECOND]),
    processTimeoutMs: chance.pick([0, 300, SECOND, 4 * SECOND]),
    limits,
    ...asked,
    tags: chance.some(['red', 'green', 'blue']),
    parentId: chance.oneIn(4) ? world.someParent() : null,
    due: chance.pick([
      { afterMs: 0 },
      { afterMs: 0 },
      { afterMs: 0 },
      { afterMs: chance.pick([1, 100, SECOND, 5 * SECOND]) },
      { at: pair.now - 1000 },
      { at: pair.now + chance.pick([0, 300, 3 * SECOND]) },
    ]),
    ...(chance.oneIn(6)
      ? { idempotency: { key: `key-${chance.below(4)}`, fingerprint: chance.oneIn(4) ? 'bb' : 'aa' } }
      : {}),
  };
}

/** None, one or several keys, each with a maximum of the task's own. */
function someLimits({ chance, keys, maxMax }: World): Limit[] {
  const first = chance.below(keys.length);
  const count = Math.min(chance.pick([0, 0, 1, 1, 1, 2, 3]), keys.length);
  const chosen = Array.from({ length: count }, (_, index) => keys[(first + index) % keys.length] ?? '');
  return chosen.sort().map((key) => ({ key, max: chance.between(1, maxMax) }));
}

export interface WishedSettlement extends Omit<Settlement, 'id' | 'token'> {
  readonly lease: PairedLease;
}

export function someSettlement(world: World): WishedSettlement {
  const { chance } = world;
  return {
    lease: world.someLease(),
    outcome: someOutcome(world),
    handler: chance.oneIn(5) ? 'running' : 'ended',
    by: chance.oneIn(10) ? 'sweeper' : 'holder',
  };
}

function someOutcome({ chance }: World): Outcome {
  const kind = chance.weighted({ succeed: 6, fail: 3, retry: 4, release: 2, recover: 1, cancel: 1 });
  switch (kind) {
    case 'succeed':
      return { kind, result: chance.pick([null, '1', '[]', '{"big":9007199254740993}']) };
    case 'fail':
      return { kind, error: 'broken', errorCode: chance.pick(['non_retryable', 'handler_error']), attempt: 'failed' };
    case 'retry': {
      const tooLong = chance.oneIn(3);
      return {
        kind,
        delayMs: chance.pick([0, 0, 100, 2 * SECOND]),
        error: tooLong ? 'too long' : 'not yet',
        errorCode: tooLong ? 'process_timeout' : 'handler_error',
        attempt: tooLong ? 'timeout' : 'failed',
      };
    }
    case 'release':
    case 'cancel':
      return { kind };
    case 'recover':
      return { kind, error: 'Worker was lost' };
  }
}

/** What the sweeper makes of a lost lease; now and then it comes too late to do anything. */
export function someSweep({ chance }: World, lost: Omit<LostLease, 'token'>): Outcome | null {
  if (chance.oneIn(8)) return null;
  const { pastDeadline, workerId, facts } = lost;
  return outcomeOfLostLease(facts, { pastDeadline, workerId, maxRecoveries: 2 }, 0.5);
}

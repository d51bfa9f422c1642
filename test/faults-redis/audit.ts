// What every fault test on Redis ends with: no node runs any more, and what is in Redis is checked against the
// invariants, against what clients were promised, and against what handlers say they did (faults/audit.ts).
import assert from 'node:assert/strict';
import { ManualClock } from '../../src/adapters/clock/manual-clock.ts';
import { systemClock } from '../../src/adapters/clock/system-clock.ts';
import { openRedisStore } from '../../src/adapters/redis/open.ts';
import { SETTINGS } from '../conformance/builders.ts';
import { type AuditReport, forgetEverything, judgeStore, type StoreEvidence } from '../faults/audit.ts';
import type { RedisServer } from '../redis-server.ts';
import type { Cluster } from './cluster.ts';

export interface RedisEvidence extends Omit<StoreEvidence, 'nodes' | 'gone' | 'folder'> {
  /** Default: handlers of all nodes noted their runs. */
  readonly runs?: 'noted' | 'not noted';
}

/** Ends what is left of the nodes. @throws AssertionError that names the invariants that do not hold */
export async function audit(cluster: Cluster, evidence: RedisEvidence): Promise<AuditReport> {
  await cluster.killAll();
  const { runs = 'noted', ...rest } = evidence;
  const folder = runs === 'noted' ? { folder: cluster.folder } : {};
  return auditRedis(cluster.redis, { ...rest, ...folder, nodes: 'many', gone: cluster.gone });
}

async function auditRedis(redis: RedisServer, evidence: StoreEvidence): Promise<AuditReport> {
  const clock = new ManualClock({ now: Date.now() });
  const storeTime = () => clock.now();
  const store = await openRedisStore({ addr: redis.addr, settings: SETTINGS, clock: systemClock, storeTime });
  try {
    const report = await judgeStore(store, evidence);
    if (evidence.state === 'all final') {
      await forgetEverything(store, clock);
      await leavesNothing(redis);
    }
    return report;
  } finally {
    await store.close();
  }
}

/** The store's own state, which has no owner: counters, names of types, limits of operators, the relay, how far a log was read. What expires by itself may wait for its end. */
const MAY_STAY = /^\{xqueue:0\}:(state|server|types|limits|outbox|relay|offsets:.+|m:\d+)$/;

/** R1: when everything has ended and grown old and every event was taken, nothing is left. */
async function leavesNothing(redis: RedisServer): Promise<void> {
  const keys = (await redis.command('KEYS', '*')) as string[];
  const left: string[] = [];
  for (const key of keys) {
    if (MAY_STAY.test(key)) continue;
    // -1: stays for ever; -2: has expired since.
    if (Number(await redis.command('PTTL', key)) === -1)
      left.push(`${key} (${String(await redis.command('TYPE', key))})`);
  }
  assert.deepEqual(left, [], 'R1: keys that are left');
  assert.equal(await redis.command('XLEN', '{xqueue:0}:outbox'), 0, 'R1: events');
}

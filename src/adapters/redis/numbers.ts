// Numbers about everything, from counters and indexes; lanes are walked, a page per call.
import { STATUSES } from '../../domain/task.ts';
import type { MinuteCounts, StoreStats, TypeStats } from '../../ports/task-store.ts';
import { list, text } from './calls.ts';
import type { RedisReply } from './link.ts';
import { inPages, PAGE } from './pages.ts';
import type { Shard } from './shard.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export async function stats(shard: Shard): Promise<StoreStats> {
  const { values } = await shard.read('stats', { what: 'counts', names: [] });
  const [accepted, purged, counts, minutes] = values;
  const types = typesOf(list(counts));
  await inPages([...types.keys()], PAGE.types, async (names) => {
    const { values: ofTypes } = await shard.read('stats', { what: 'types', names });
    for (const one of list(ofTypes[4])) {
      const [name, oldest] = list(one);
      const entry = types.get(text(name ?? ''));
      if (!entry) continue;
      entry.oldestPendingMs = Number(oldest);
      entry.demand = entry.processing;
    }
    return [];
  });
  await addRunnable(shard, types);
  return {
    types: Object.fromEntries(types),
    accepted: Number(accepted),
    purged: Number(purged),
    minutes: list(minutes).map((one) => minuteOf(list(one))),
  };
}

/** Fields are a status number and the type, in one. */
function typesOf(counts: readonly RedisReply[]): Map<string, Mutable<TypeStats>> {
  const types = new Map<string, Mutable<TypeStats>>();
  for (let at = 0; at < counts.length; at += 2) {
    const field = text(counts[at] ?? '');
    const status = STATUSES[Number(field.charAt(0))];
    const name = field.slice(1);
    if (status === undefined) continue;
    let entry = types.get(name);
    if (!entry) {
      entry = {
        pending: 0,
        processing: 0,
        success: 0,
        failed: 0,
        canceled: 0,
        timeout: 0,
        oldestPendingMs: 0,
        demand: 0,
      };
      types.set(name, entry);
    }
    entry[status] = Number(text(counts[at + 1] ?? 0));
  }
  return types;
}

async function addRunnable(shard: Shard, types: ReadonlyMap<string, Mutable<TypeStats>>): Promise<void> {
  // A lane may come up twice while others come and go.
  const seen = new Set<string>();
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const { values } = await shard.read('runnable', { cursor });
    const next = text(values[0] ?? '0');
    const lanes = list(values[1]);
    for (let at = 0; at < lanes.length; at += 2) {
      const lane = lanes[at];
      const name = Buffer.isBuffer(lane) ? lane.toString('latin1') : String(lane);
      if (seen.has(name)) continue;
      seen.add(name);
      const newline = name.indexOf('\n');
      const entry = types.get(newline < 0 ? name : name.slice(0, newline));
      if (entry) entry.demand += Number(lanes[at + 1]);
    }
    cursor = next === '0' ? null : next;
  }
}

const MINUTE_FIELDS: Readonly<Record<string, keyof MinuteCounts>> = {
  at: 'at',
  submitted: 'submitted',
  started: 'started',
  retried: 'retried',
  2: 'success',
  3: 'failed',
  4: 'canceled',
  5: 'timeout',
};

function minuteOf(fields: readonly RedisReply[]): MinuteCounts {
  const minute: Mutable<MinuteCounts> = {
    at: 0,
    submitted: 0,
    started: 0,
    retried: 0,
    success: 0,
    failed: 0,
    canceled: 0,
    timeout: 0,
  };
  for (let at = 0; at < fields.length; at += 2) {
    const field = MINUTE_FIELDS[text(fields[at] ?? '')];
    if (field !== undefined) minute[field] = Number(text(fields[at + 1] ?? 0));
  }
  return minute;
}

// Locks and semaphores for users. Fences share the counter of lease tokens: both only ever grow.
import type { Hold, LockStore } from '../../ports/lock-store.ts';
import { bytes, list, text } from './calls.ts';
import type { RedisReply } from './link.ts';
import { PAGE } from './pages.ts';
import type { Shard } from './shard.ts';

export function lockStore(shard: Shard): LockStore {
  return {
    acquire: async ({ key, owner, max, ttlMs }) => {
      const { now, values } = await shard.step('acquire', { key, owner, max, ttl: ttlMs });
      return holdOf(key, owner, values[0], now);
    },
    renew: async ({ key, owner, ttlMs }) => {
      const { now, values } = await shard.step('renew', { key, owner, ttl: ttlMs });
      return holdOf(key, owner, values[0], now);
    },
    release: async (key, owner) => {
      await shard.step('release-hold', { key, owner });
    },
    holds: () => holdsOf(shard),
  };
}

/** Sorted by key, and those of a key by fence. */
async function holdsOf(shard: Shard): Promise<Hold[]> {
  // A key may come up twice while others come and go.
  const byKey = new Map<string, Map<string, Hold>>();
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const { now, values } = await shard.read('holds', { cursor, limit: PAGE.holds });
    const flat = list(values[0]);
    for (let at = 0; at < flat.length; at += 3) {
      const hold = holdOf(text(flat[at] ?? ''), text(flat[at + 1] ?? ''), flat[at + 2], now);
      if (!hold) continue;
      const of = byKey.get(hold.key) ?? new Map<string, Hold>();
      byKey.set(hold.key, of.set(hold.owner, hold));
    }
    const next = text(values[1] ?? '0');
    cursor = next === '0' ? null : next;
  }
  const keys = [...byKey.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return keys.flatMap((key) => [...(byKey.get(key)?.values() ?? [])].sort((a, b) => a.fence - b.fence));
}

function holdOf(key: string, owner: string, packed: RedisReply | undefined, now: number): Hold | null {
  const from = bytes(packed);
  if (from.length === 0) return null;
  return { key, owner, fence: from.readDoubleBE(0), remainingMs: from.readDoubleBE(8) - now };
}

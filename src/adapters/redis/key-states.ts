// Operators' view of keys: limits, who holds slots, how many wait. Read in pages: there may be very many keys.
import type { KeyState } from '../../ports/task-store.ts';
import { bytes, list, text } from './calls.ts';
import { readId } from './ids.ts';
import type { RedisReply } from './link.ts';
import { PAGE } from './pages.ts';
import type { Shard } from './shard.ts';

export async function concurrency(shard: Shard): Promise<KeyState[]> {
  const names = new Set<string>();
  for (const which of ['limits', 'keys'] as const) {
    for (let cursor: string | null = '0'; cursor !== null; ) {
      const { values } = await shard.read('key-names', { which, cursor });
      const next = text(values[0] ?? '0');
      for (const name of list(values[1])) names.add(text(name));
      cursor = next === '0' ? null : next;
    }
  }
  const sorted = [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const states: KeyState[] = [];
  for (let at = 0; at < sorted.length; at += PAGE.keys) {
    const { values } = await shard.read('key-states', { keys: sorted.slice(at, at + PAGE.keys) });
    for (const one of list(values[0])) {
      const state = stateOf(list(one));
      if (state) states.push(state);
    }
  }
  return states;
}

/** `null` when nobody names the key any more. */
function stateOf([key, operator, largest, waiting, holders]: readonly RedisReply[]): KeyState | null {
  const byOperator = Number(operator) >= 0;
  if (!byOperator && Number(largest) < 0) return null;
  const held = holdersOf(list(holders));
  return {
    key: text(key ?? ''),
    limit: byOperator ? Number(operator) : Number(largest),
    limitSource: byOperator ? 'operator' : 'task',
    running: held.length,
    waiting: Number(waiting),
    holders: held,
  };
}

function holdersOf(flat: readonly RedisReply[]): KeyState['holders'] {
  const holders: { taskId: string; workerId: string; expiresAt: number }[] = [];
  for (let at = 0; at < flat.length; at += 3) {
    const taskId = readId(bytes(flat[at]), 0);
    const expiresAt = bytes(flat[at + 2]).readDoubleBE(0);
    holders.push({ taskId, workerId: text(flat[at + 1] ?? ''), expiresAt });
  }
  return holders;
}

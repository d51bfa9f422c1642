// Locks and semaphores of users.
import type { Hold, LockRequest } from '../../src/ports/lock-store.ts';
import type { ModelState } from './state.ts';

export function acquire(state: ModelState, { key, owner, max, ttlMs }: LockRequest): Hold | null {
  dropOver(state);
  const live = state.holds.filter((hold) => hold.key === key);
  const mine = live.find((hold) => hold.owner === owner);
  if (!mine && live.length >= max) return null;
  const hold = mine ?? { key, owner, fence: ++state.fence, endsAt: state.now + ttlMs };
  if (!mine) state.holds.push(hold);
  return view(state, hold);
}

export function renew(state: ModelState, { key, owner, ttlMs }: Omit<LockRequest, 'max'>): Hold | null {
  dropOver(state);
  const hold = state.holds.find((one) => one.key === key && one.owner === owner);
  if (!hold) return null;
  hold.endsAt = state.now + ttlMs;
  return view(state, hold);
}

export function releaseHold(state: ModelState, key: string, owner: string): void {
  state.holds = state.holds.filter((hold) => hold.key !== key || hold.owner !== owner);
}

export function holds(state: ModelState): Hold[] {
  dropOver(state);
  const sorted = [...state.holds].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.fence - b.fence));
  return sorted.map((hold) => view(state, hold));
}

function dropOver(state: ModelState): void {
  state.holds = state.holds.filter(({ endsAt }) => endsAt > state.now);
}

function view(state: ModelState, { key, owner, fence, endsAt }: ModelState['holds'][number]): Hold {
  return { key, owner, fence, remainingMs: endsAt - state.now };
}

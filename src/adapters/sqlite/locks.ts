// Locks and semaphores for users. Fences share the counter of lease tokens: both only ever grow.
import type { Hold, LockRequest } from '../../ports/lock-store.ts';
import type { Step } from './step.ts';

export function acquire(step: Step, { key, owner, max, ttlMs }: LockRequest): Hold | null {
  step.db.run('DELETE FROM hold WHERE key = ? AND expires_at <= ?', key, step.now);
  const mine = find(step, key, owner);
  if (mine) return mine;
  const [live] = step.db.row<[number]>('SELECT count(*) FROM hold WHERE key = ?', key) ?? [0];
  if (live >= max) return null;
  const fence = step.nextToken();
  step.db.run('INSERT INTO hold VALUES (?, ?, ?, ?)', key, owner, fence, step.now + ttlMs);
  return { key, owner, fence, remainingMs: ttlMs };
}

export function renew(step: Step, { key, owner, ttlMs }: Omit<LockRequest, 'max'>): Hold | null {
  const mine = find(step, key, owner);
  if (!mine) return null;
  step.db.run('UPDATE hold SET expires_at = ? WHERE key = ? AND owner = ?', step.now + ttlMs, key, owner);
  return { ...mine, remainingMs: ttlMs };
}

export function releaseHold(step: Step, key: string, owner: string): void {
  step.db.run('DELETE FROM hold WHERE key = ? AND owner = ?', key, owner);
}

export function holds(step: Step): Hold[] {
  return step.db
    .rows<[string, string, number, number]>(
      'SELECT key, owner, fence, expires_at FROM hold WHERE expires_at > ? ORDER BY key, fence',
      step.now,
    )
    .map(([key, owner, fence, expiresAt]) => ({ key, owner, fence, remainingMs: expiresAt - step.now }));
}

function find(step: Step, key: string, owner: string): Hold | null {
  const row = step.db.row<[number, number]>(
    'SELECT fence, expires_at FROM hold WHERE key = ? AND owner = ? AND expires_at > ?',
    key,
    owner,
    step.now,
  );
  return row ? { key, owner, fence: row[0], remainingMs: row[1] - step.now } : null;
}
